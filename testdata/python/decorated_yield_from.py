import dlt
from dlt.sources.rest_api import RESTAPIConfig, rest_api_resources

@dlt.source(name="github")
def github_source(access_token: str = dlt.secrets.value):
    config: RESTAPIConfig = {
        "client": {"base_url": "https://h/repos/", "auth": {"type": "bearer", "token": access_token} if access_token else None},
        "resources": [{"name": "issues", "endpoint": {"path": "issues", "params": {"state": "open"}}}],
    }
    yield from rest_api_resources(config)

def load() -> None:
    pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
    load_info = pipeline.run(github_source(access_token=dlt.secrets["api_token"]))
    print(load_info)

if __name__ == "__main__":
    load()

#> issues https://h/repos/issues state=open
