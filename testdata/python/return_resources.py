import dlt
from dlt.sources.rest_api import rest_api_resources

@dlt.source(max_table_nesting=2)
def shop(base_url: str = "https://h"):
    return rest_api_resources({"client": {"base_url": base_url}, "resources": ["a", "b"]})

if __name__ == "__main__":
    pipeline = dlt.pipeline(pipeline_name="p", destination=dlt.destinations.duckdb("x.duckdb"))
    info = pipeline.run([shop("https://other")])
    for package in info.load_packages:
        print(package)

#> a https://other/a
#> b https://other/b
