# Configs that real dlt refuses before the first request. The format is that of `accepted.py`; here `spile accepts: why`
# says where Spile takes more, each with a row in COMPATIBILITY.md.
import dlt
from dlt.sources.rest_api import rest_api_source
from dlt.sources.helpers.rest_client.auth import APIKeyAuth
from dlt.sources.helpers.rest_client.paginators import OffsetPaginator, PageNumberPaginator

client = {"base_url": "https://shop.example/v1"}
by_id = {"type": "resolve", "resource": "users", "field": "id"}

# case no resources key
rest_api_source({"client": {"base_url": ""}})

# case no client key
rest_api_source({"resources": []})

# case a null client
rest_api_source({"client": None, "resources": []})

# case an api key by name that is not set
rest_api_source({"client": {"base_url": "https://shop.example", "auth": "api_key"}, "resources": ["users"]}, name="shop")

# case an api key object that is not set
rest_api_source({"client": {"base_url": "https://shop.example", "auth": APIKeyAuth()}, "resources": ["users"]}, name="shop")

# case an api key dict that is not set
rest_api_source({"client": {"base_url": "https://shop.example", "auth": {"type": "api_key", "location": "header"}}, "resources": ["users"]}, name="shop")

# case an unknown key of the client
rest_api_source({"client": {"base_url": "https://shop.example", "invalid_key": "value"}, "resources": ["users"]})

# case an unknown paginator by name
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": "invalid_paginator"}, "resources": ["users"]})

# case an unknown paginator as a dict
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "custom_paginator", "next_url_path": "next"}}, "resources": ["users"]})

# case an unknown parent
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "endpoint": {"path": "users/{user}/orders", "params": {"user": {"type": "resolve", "resource": "userss", "field": "id"}}}}]})

# case an unknown parent in a reference
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "endpoint": "users/{resources.userss.id}/orders"}]})

# case a path whose parameters are not given
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "{org}/{shop}/users/"}}, {"name": "orders", "endpoint": {"path": "{org}/{shop}/users/{user}/orders", "params": {"user": by_id}}}]})

# case a path that lacks one parameter
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "endpoint": {"path": "{org}/users/{user}/orders", "params": {"org": "acme"}}}]})

# case a resolve parameter that the path does not use
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "endpoint": {"path": "users/1/orders", "params": {"user": by_id}}}]})

# case two parents by resolve parameters
rest_api_source({"client": client, "resources": ["users", "groups", {"name": "user", "endpoint": {"path": "users/{id}/{group}", "params": {"id": by_id, "group": {"type": "resolve", "resource": "groups", "field": "id"}}}}]})

# case two parents by references
rest_api_source({"client": client, "resources": ["users", "groups", {"name": "user", "endpoint": "users/{resources.users.id}/{resources.groups.id}"}]})

# case a circle by resolve parameters
rest_api_source({"client": client, "resources": [{"name": "hen", "endpoint": {"path": "hens/{egg}/", "params": {"egg": {"type": "resolve", "resource": "egg", "field": "id"}}}}, {"name": "egg", "endpoint": {"path": "eggs/{hen}/", "params": {"hen": {"type": "resolve", "resource": "hen", "field": "id"}}}}]})

# case a circle by references
rest_api_source({"client": client, "resources": [{"name": "hen", "endpoint": "hens/{resources.egg.id}/"}, {"name": "egg", "endpoint": "eggs/{resources.hen.id}/"}]})

# case a resource that refers to itself
rest_api_source({"client": client, "resources": [{"name": "hen", "endpoint": "hens/{resources.hen.id}/"}]})

# case a parameter of an unknown type
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"since": {"type": "no_incremental", "cursor_path": "at", "initial_value": "2024-01-01T00:00:00Z"}}}}]})

# case a parameter that is a dict
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"filter": {"a": 1}}}}]})

# case two incremental parameters
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"a": {"type": "incremental", "cursor_path": "at", "initial_value": "2024"}, "b": {"type": "incremental", "cursor_path": "made", "initial_value": "2024"}}}}]})

# case two incremental parameters, one an object
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"a": {"type": "incremental", "cursor_path": "made", "initial_value": "2024"}, "b": dlt.sources.incremental("at", initial_value="2024")}}}]})

# case an incremental parameter with an end value
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"since": {"type": "incremental", "cursor_path": "at", "initial_value": "2024", "end_value": "2025"}}}}]})

# case an incremental parameter with an end parameter
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"since": {"type": "incremental", "cursor_path": "at", "initial_value": "2024", "end_param": "until"}}}}]})

# case an incremental object with an end value as a parameter
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"since": dlt.sources.incremental("at", initial_value="2024", end_value="2025")}}}]})

# case a path that binds an incremental parameter
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "users/{since}/all", "params": {"since": {"type": "incremental", "cursor_path": "at", "initial_value": "2024"}}}}]})

# case an unknown key of an incremental
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"incremental": {"cursor_path": "at", "lags": 2}}}]})

# case a row order that does not exist
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"incremental": {"cursor_path": "at", "row_order": "up"}}}]})

# case a cursor path that does not compile
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"incremental": {"cursor_path": "at["}}}]})

# case offset by name
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": "offset"}, "resources": ["users"]})

# case offset without a limit
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "offset"}}, "resources": ["users"]})

# case an offset whose limit is a text
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "offset", "limit": "100"}}, "resources": ["users"]})

# case a key of another paginator
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "page_number", "limit": 100}}, "resources": ["users"]})

# case a paginator without a type
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"limit": 100}}, "resources": ["users"]})

# case nothing that ends the pages
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "page_number", "total_path": None, "stop_after_empty_page": False}}, "resources": ["users"]})

# case nothing that ends the pages of an object
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": OffsetPaginator(limit=1, total_path=None, stop_after_empty_page=False)}, "resources": ["users"]})

# case a page in query and body
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "page_number", "page_param": "p", "page_body_path": "q.p"}}, "resources": ["users"]})

# case a cursor in query and body
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "cursor", "cursor_param": "c", "cursor_body_path": "q.c"}}, "resources": ["users"]})

# case a cursor with the keys of the seeds
# spile accepts: the seed dialect
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"paginator": {"type": "cursor", "limit": 100, "cursor_param": "page", "stop_condition": "no_more_pages"}}}]})

# case the incremental of the seeds
# spile accepts: the seed dialect
rest_api_source({"client": client, "resources": [{"name": "users", "incremental_sync": {"cursor_field": "at", "start_time_param": "from", "end_time_param": "to"}}]})

# case a retry of Spile's
# spile accepts: keys of Spile's own
rest_api_source({"client": {"base_url": "https://shop.example", "retry": {"max_retries": 2}, "timeout": 30, "concurrency": 2, "trusted_hosts": ["cdn.example"], "rate_limit": {"requests": 5, "seconds": 1}}, "resources": ["users"]})

# case an unknown auth
rest_api_source({"client": {"base_url": "https://shop.example", "auth": "non_existing_method"}, "resources": ["users"]})

# case an unknown auth as a dict
rest_api_source({"client": {"base_url": "https://shop.example", "auth": {"type": "custom_oauth_2", "client_id": "c-123"}}, "resources": ["users"]})

# case a key of another auth
rest_api_source({"client": {"base_url": "https://shop.example", "auth": {"type": "bearer", "location": "header", "token": "sensitive-secret"}}, "resources": ["users"]})

# case a bearer token that is not set
rest_api_source({"client": {"base_url": "https://shop.example", "auth": {"type": "bearer"}}, "resources": ["users"]})

# case a basic password that is not set
rest_api_source({"client": {"base_url": "https://shop.example", "auth": {"type": "http_basic", "username": "me"}}, "resources": ["users"]})

# case a basic password from the environment
# env SOURCES__REST_API__CREDENTIALS__PASSWORD=p-123
# spile accepts: an open field of any auth is looked up
rest_api_source({"client": {"base_url": "https://shop.example", "auth": {"type": "http_basic", "username": "me"}}, "resources": ["users"]})

# case a location of a key that does not exist
rest_api_source({"client": {"base_url": "https://shop.example", "auth": {"type": "api_key", "api_key": "k-123", "location": "body"}}, "resources": ["users"]})

# case no base URL
rest_api_source({"client": {}, "resources": ["users"]})

# case a null base URL
rest_api_source({"client": {"base_url": None}, "resources": ["users"]})

# case a header that is a number
rest_api_source({"client": {"base_url": "https://shop.example", "headers": {"X": 5}}, "resources": ["users"]})

# case resources that are a dict
rest_api_source({"client": client, "resources": {"name": "users"}})

# case a resource that is a number
rest_api_source({"client": client, "resources": [5]})

# case a resource without a name
rest_api_source({"client": client, "resources": [{"endpoint": "users"}]})

# case two resources with one name
rest_api_source({"client": client, "resources": ["users", {"name": "users"}]})

# case an unknown key of a resource
rest_api_source({"client": client, "resources": [{"name": "users", "endpont": "users"}]})

# case auth on a resource
rest_api_source({"client": client, "resources": [{"name": "users", "auth": {"token": "t-123"}}]})

# case params on a resource
rest_api_source({"client": client, "resources": [{"name": "users", "params": {"a": 1}}]})

# case headers on a resource
rest_api_source({"client": client, "resources": [{"name": "users", "headers": {"A": "1"}}]})

# case a path on a resource
rest_api_source({"client": client, "resources": [{"name": "users", "path": "users"}]})

# case an incremental on a resource
rest_api_source({"client": client, "resources": [{"name": "users", "incremental": {"cursor_path": "at"}}]})

# case depends_on
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "depends_on": "users"}]})

# case an unknown key of an endpoint
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"pth": "users"}}]})

# case a method in lower case
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"method": "get"}}]})

# case the method PUT
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"method": "PUT"}}]})

# case a null path
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": None}}]})

# case a body that is a list
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"method": "POST", "json": [1]}}]})

# case a null body
# spile accepts: null counts as absent
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"method": "POST", "json": None}}]})

# case a write disposition that does not exist
rest_api_source({"client": client, "resources": [{"name": "users", "write_disposition": "mrege"}]})

# case a merge strategy that does not exist
rest_api_source({"client": client, "resources": [{"name": "users", "write_disposition": {"disposition": "merge", "strategy": "mutant"}}]})

# case a schema contract that does not exist
rest_api_source({"client": client, "resources": [{"name": "users", "schema_contract": "frozen"}]})

# case a nesting that is a text
rest_api_source({"client": client, "resources": [{"name": "users", "max_table_nesting": "2"}]})

# case defaults with a name
rest_api_source({"client": client, "resource_defaults": {"name": "users"}, "resources": ["users"]})

# case defaults whose endpoint is a text
rest_api_source({"client": client, "resource_defaults": {"endpoint": "users"}, "resources": ["users"]})

# case an unknown key of the defaults
rest_api_source({"client": client, "resource_defaults": {"primry_key": "id"}, "resources": ["users"]})

# case an unknown paginator in the defaults
rest_api_source({"client": client, "resource_defaults": {"endpoint": {"paginator": "nope"}}, "resources": ["users"]})

# case defaults that include from a parent there is not
rest_api_source({"client": client, "resource_defaults": {"include_from_parent": ["id"]}, "resources": ["users"]})

# case include_from_parent without a parent
rest_api_source({"client": client, "resources": [{"name": "users", "include_from_parent": ["id"]}]})

# case include_from_parent that is a text
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "include_from_parent": "id", "endpoint": "users/{resources.users.id}/orders"}]})

# case a reference without a field
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "endpoint": {"params": {"a": "{resources.users}"}}}]})

# case a reference that is none
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"a": "{user}"}}}]})

# case a dotted placeholder that is none
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": "users/{foo.id}"}]})

# case JSON as a text
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"q": '{"a": 1}'}}}]})

# case a single brace
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"q": "a{"}}}]})

# case a path with two braces
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": "a/{x/c"}]})

# case the cursor without an incremental
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"a": "{incremental.start_value}"}}}]})

# case a resolve parameter without a field
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "endpoint": {"path": "users/{user}/orders", "params": {"user": {"type": "resolve", "resource": "users"}}}}]})

# case response actions that are a dict
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"response_actions": {"status_code": 404, "action": "ignore"}}}]})

# case an unknown key of a response action
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"response_actions": [{"status": 404, "action": "ignore"}]}}]})

# case a secret that is not resolved
# env SHOP__TOKEN=12345678
# spile accepts: an all-digit secret stays a text
rest_api_source({"client": {"base_url": "https://shop.example", "auth": {"type": "bearer", "token": dlt.secrets["shop.token"]}}, "resources": ["users"]})
