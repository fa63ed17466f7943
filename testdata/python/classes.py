import dlt
from dlt.sources.rest_api import rest_api_source
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from dlt.sources.helpers.rest_client.paginators import JSONLinkPaginator, PageNumberPaginator

OPTIONS = {"base_page": 1, "total_path": None}
source = rest_api_source({
    "client": {
        "base_url": "https://h",
        "auth": BearerTokenAuth(token=dlt.secrets["api_token"]),
        "paginator": JSONLinkPaginator(next_url_path="paging.next"),
    },
    "resources": ["a", {"name": "b", "endpoint": {"paginator": PageNumberPaginator(**OPTIONS, maximum_page=3)}}],
})

#> a https://h/a
#> b https://h/b
