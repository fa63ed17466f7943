import dlt
from dlt.sources.rest_api import rest_api_source

def run(resources=None, full_refresh=False):
    if resources is None:
        resources = ["a", "b"]
    disposition = "replace" if full_refresh else "append"
    source = rest_api_source({
        "client": {"base_url": "https://h"},
        "resource_defaults": {"write_disposition": disposition},
        "resources": resources,
    }, name="api")
    pipeline = dlt.pipeline("p", destination="duckdb")
    try:
        info = pipeline.run(source)
    except Exception as error:
        print(f"failed: {error}")
        raise
    else:
        print(info)

if __name__ == "__main__":
    run(full_refresh=True)

#> a https://h/a
#> b https://h/b
