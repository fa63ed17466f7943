import dlt
import requests
from dlt.sources.rest_api import rest_api_source

token = requests.post("https://h/login").json()["token"]
source = rest_api_source({"client": {"base_url": "https://h", "auth": {"token": token}}, "resources": ["a"]})

#> config/python-unsupported 6:72 a value that exists only at run time cannot be evaluated
