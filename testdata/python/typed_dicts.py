import dlt
from dlt.sources.rest_api import rest_api_source
from dlt.sources.rest_api.typing import ClientConfig, EndpointResource, Endpoint, RESTAPIConfig

client = ClientConfig(base_url="https://h")
posts = EndpointResource(name="posts", endpoint=Endpoint(path="posts", params={"n": 1}))
source = rest_api_source(RESTAPIConfig(client=client, resources=[posts]))

#> posts https://h/posts n=1
