import dlt
from dlt.sources.rest_api import rest_api_source

source = rest_api_source({
    "client": {"base_url": "https://h"},
    "resources": [{"name": f"year_{year}", "endpoint": {"path": "y", "params": {"year": year, "n": n}}}
                  for n, year in enumerate(range(2022, 2024), start=1)],
})

pipeline = dlt.pipeline(pipeline_name="p", destination="duckdb", dataset_name="d")
print(pipeline.run(source))
#> year_2022 https://h/y year=2022 n=1
#> year_2023 https://h/y year=2023 n=2
