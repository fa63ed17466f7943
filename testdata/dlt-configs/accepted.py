# Configs that real dlt accepts: a source is made of each without an error. `crates/spile-cli/tests/it/dlt_configs.rs`
# runs every case through dlt and through `spile check`. What stands before the first case belongs to every case.
#
#   # case NAME        opens a case
#   # env NAME=VALUE   an environment variable for it
#   # spile refuses CODE: why    where Spile differs; the code is asserted
#   # spile may refuse: why      not built yet; if it is refused, the message must say so
import dlt
from dlt.sources.rest_api import rest_api_source
from dlt.sources.helpers.rest_client.auth import APIKeyAuth, BearerTokenAuth, HttpBasicAuth, OAuth2ClientCredentials
from dlt.sources.helpers.rest_client.paginators import (
    HeaderCursorPaginator,
    HeaderLinkPaginator,
    JSONLinkPaginator,
    JSONResponseCursorPaginator,
    OffsetPaginator,
    PageNumberPaginator,
    SinglePagePaginator,
)

client = {"base_url": "https://shop.example/v1"}
by_id = {"type": "resolve", "resource": "users", "field": "id"}

# case child by a resolve parameter
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "endpoint": {"path": "users/{user}/orders", "params": {"user": by_id}}}]})

# case child by a reference in the path
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "endpoint": {"path": "users/{resources.users.id}/orders"}}]})

# case child by a reference in an endpoint that is a text
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "endpoint": "users/{resources.users.id}/orders"}]})

# case a paginator by name beside static parameters
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "users", "params": {"limit": 100}, "paginator": "json_link"}}]})

# case a paginator object on an endpoint
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "users", "params": {"limit": 1}, "paginator": SinglePagePaginator()}}]})

# case a bearer token
rest_api_source({"client": {"base_url": "https://shop.example", "auth": {"type": "bearer", "token": "t-123"}}, "resources": ["users"]})

# case an auth without a type is a bearer token
rest_api_source({"client": {"base_url": "https://shop.example", "auth": {"token": "t-123"}}, "resources": ["users"]})

# case classes of one's own and a table per row
class Backwards(HeaderLinkPaginator):
    def __init__(self):
        super().__init__(links_next_key="prev")
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": Backwards()}, "resource_defaults": {"table_name": lambda row: row["kind"]}, "resources": ["users"]})

# case an incremental object as a parameter, also in the defaults
rest_api_source({"client": client, "resource_defaults": {"endpoint": {"params": {"since": dlt.sources.incremental("at")}}}, "resources": [{"name": "users", "endpoint": {"params": {"since": dlt.sources.incremental("at")}}}]})

# case an auth object on the client
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": "header_link", "auth": HttpBasicAuth("my-key", "")}, "resources": ["users"]})

# case an auth object on an endpoint
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "a/b", "auth": HttpBasicAuth("", "my-key")}}]})

# case an incremental parameter
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "users", "params": {"limit": 100, "since": {"type": "incremental", "cursor_path": "at", "initial_value": "2024-01-25T11:21:28Z"}}, "paginator": "json_link"}}]})

# case an incremental with both parameters
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "users", "incremental": {"start_param": "since", "end_param": "until", "cursor_path": "at", "initial_value": "2024-01-25T11:21:28Z"}}}]})

# case headers, and the three ways to write a resource
rest_api_source({"client": {"base_url": "https://shop.example", "headers": {"X-Shop": "forty-two"}}, "resources": ["users", {"name": "more_users"}, {"name": "all_users", "endpoint": "users/all"}]})

# case a table per row on a child
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "table_name": lambda row: row["kind"], "endpoint": {"path": "users/{user}/orders", "params": {"user": by_id}}}]})

# case static and resolved parameters in one path
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "{org}/{shop}/users/", "params": {"org": "acme", "shop": "north"}}}, {"name": "orders", "endpoint": {"path": "{org}/{shop}/users/{user}/orders", "params": {"org": "acme", "shop": "north", "user": by_id}}}]})

# case a resource of one's own as the parent, by a resolve parameter
@dlt.resource(name="shops", selected=False)
def shops():
    yield [{"name": "north"}]
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "acme/{shop}/users", "params": {"shop": {"type": "resolve", "resource": "shops", "field": "name"}}}}, shops()]})

# case a resource of one's own as the parent, by a reference
@dlt.resource(name="shops", selected=False)
def shops():
    yield [{"name": "north"}]
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": "acme/{resources.shops.name}/users"}, shops()]})

# case several resources of one's own beside an endpoint
@dlt.resource
def first():
    yield [{"id": 1}]
@dlt.resource
def second():
    yield [{"id": 2}]
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "users", "method": "GET"}}, first(), second()]})

# case a child whose nulls take the defaults away
rest_api_source({"client": client, "resources": ["users", {"name": "user", "endpoint": {"path": "users/{id}", "paginator": None, "data_selector": None, "params": {"id": by_id}}}]})

# case a child by reference whose nulls take the defaults away
rest_api_source({"client": client, "resources": ["users", {"name": "user", "endpoint": {"path": "users/{resources.users.id}", "paginator": None, "data_selector": None}}]})

# case every hint at once
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"limit": 100}}, "table_name": "people", "max_table_nesting": 2, "write_disposition": "merge", "columns": {"note": {"name": "note", "data_type": "text"}}, "primary_key": "id", "merge_key": "day", "schema_contract": {"tables": "evolve"}, "selected": True}]})

# case columns as a list, over columns in the defaults
rest_api_source({"client": client, "resource_defaults": {"columns": [{"name": "a", "data_type": "text", "primary_key": True}, {"name": "c", "data_type": "timestamp", "partition": True}]}, "resources": [{"name": "users", "columns": [{"name": "a", "data_type": "bigint"}, {"name": "b"}]}]})

# case params and json are merged with the defaults
rest_api_source({"client": client, "resource_defaults": {"endpoint": {"json": {"a": "X", "c": "Y"}, "params": {"a": "X", "c": "Y"}}}, "resources": [{"name": "users", "endpoint": {"method": "POST", "json": {"a": "A"}, "params": {"a": "A"}}}]})

# case everything else replaces the defaults
rest_api_source({"client": client, "resource_defaults": {"max_table_nesting": 1, "parallelized": True, "write_disposition": {"disposition": "replace"}, "schema_contract": {"columns": "freeze"}, "endpoint": {"paginator": {"type": "header_link"}, "incremental": {"cursor_path": "id", "start_param": "since", "end_param": "before"}}}, "resources": [{"name": "users", "max_table_nesting": 5, "schema_contract": {"tables": "freeze"}, "endpoint": {"paginator": {"type": "cursor", "cursor_param": "cursor"}, "incremental": {"cursor_path": "at", "start_param": "since"}}}]})

# case defaults without an endpoint
rest_api_source({"client": client, "resource_defaults": {"primary_key": "id", "write_disposition": "merge"}, "resources": [{"name": "users", "endpoint": {"path": "users", "params": {"sort": "at"}}}]})

# case defaults that are null
rest_api_source({"client": client, "resource_defaults": None, "resources": ["users"]})

# case no resources
rest_api_source({"client": client, "resources": []})

# case no paginator anywhere
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "users"}}]})

# case a paginator on the client
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": JSONLinkPaginator()}, "resources": [{"name": "users", "endpoint": {"path": "users"}}]})

# case a paginator in the defaults
rest_api_source({"client": client, "resource_defaults": {"endpoint": {"paginator": JSONLinkPaginator()}}, "resources": [{"name": "users", "endpoint": {"path": "users"}}]})

# case a paginator on the endpoint
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "users", "paginator": JSONLinkPaginator()}}]})

# case paginators on the client and in the defaults
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": JSONLinkPaginator()}, "resource_defaults": {"endpoint": {"paginator": HeaderLinkPaginator()}}, "resources": [{"name": "users", "endpoint": {"path": "users"}}]})

# case paginators on the client and on the endpoint
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": JSONLinkPaginator()}, "resources": [{"name": "users", "endpoint": {"path": "users", "paginator": HeaderLinkPaginator()}}]})

# case paginators in the defaults and on the endpoint
rest_api_source({"client": client, "resource_defaults": {"endpoint": {"paginator": JSONLinkPaginator()}}, "resources": [{"name": "users", "endpoint": {"path": "users", "paginator": HeaderLinkPaginator()}}]})

# case paginators in all three places
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": JSONLinkPaginator()}, "resource_defaults": {"endpoint": {"paginator": HeaderCursorPaginator()}}, "resources": [{"name": "users", "endpoint": {"path": "users", "paginator": HeaderLinkPaginator()}}]})

# case a null paginator under one on the client
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": JSONLinkPaginator()}, "resources": [{"name": "users", "endpoint": {"path": "users", "paginator": None}}]})

# case a null paginator and none else
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "users", "paginator": None}}]})

# case a null paginator over one in the defaults
rest_api_source({"client": client, "resource_defaults": {"endpoint": {"paginator": JSONLinkPaginator()}}, "resources": [{"name": "users", "endpoint": {"path": "users", "paginator": None}}]})

# case a null paginator over two
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": JSONLinkPaginator()}, "resource_defaults": {"endpoint": {"paginator": HeaderLinkPaginator()}}, "resources": [{"name": "users", "endpoint": {"path": "users", "paginator": None}}]})

# case a single entity under a paginator on the client
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": JSONLinkPaginator()}, "resources": ["users", {"name": "user", "endpoint": {"path": "users/{resources.users.id}"}}]})

# case a single entity under a paginator in the defaults
rest_api_source({"client": client, "resource_defaults": {"endpoint": {"paginator": JSONLinkPaginator()}}, "resources": ["users", {"name": "user", "endpoint": {"path": "users/{resources.users.id}"}}]})

# case a single entity with a null paginator over two
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": JSONLinkPaginator()}, "resource_defaults": {"endpoint": {"paginator": HeaderLinkPaginator()}}, "resources": ["users", {"name": "user", "endpoint": {"path": "users/{resources.users.id}", "paginator": None}}]})

# case a single entity with a paginator of its own
rest_api_source({"client": client, "resources": ["users", {"name": "user", "endpoint": {"path": "users/{resources.users.id}", "paginator": JSONLinkPaginator()}}]})

# case two children of one parent
rest_api_source({"client": client, "resources": ["users", {"name": "user", "endpoint": {"path": "users/{id}/", "params": {"id": by_id}}}, {"name": "visits", "endpoint": "visits/{resources.users.id}/"}]})

# case two values of one parent by resolve parameters
rest_api_source({"client": client, "resources": ["users", {"name": "user", "endpoint": {"path": "users/{id}/{group}", "params": {"id": by_id, "group": {"type": "resolve", "resource": "users", "field": "group"}}}}]})

# case two values of one parent by references
rest_api_source({"client": client, "resources": ["users", {"name": "user", "endpoint": "users/{resources.users.id}/{resources.users.group}"}]})

# case a grandchild by resolve parameters
rest_api_source({"client": client, "resources": ["users", {"name": "user", "endpoint": {"path": "users/{id}", "params": {"id": by_id}}}, {"name": "rooms", "endpoint": {"path": "rooms/{room}", "params": {"room": {"type": "resolve", "resource": "user", "field": "room"}}}}]})

# case a grandchild by references
rest_api_source({"client": client, "resources": ["users", {"name": "user", "endpoint": {"path": "users/{resources.users.id}"}}, {"name": "rooms", "endpoint": {"path": "/rooms/{resources.user.room}"}}]})

# case a grandchild in short
rest_api_source({"client": client, "resources": ["users", {"name": "user", "endpoint": "users/{resources.users.id}"}, {"name": "rooms", "endpoint": "/rooms/{resources.user.room}"}]})

# case a child that comes before its parent
rest_api_source({"client": client, "resources": [{"name": "user", "endpoint": "users/{resources.users.id}"}, "users"]})

# case a parent's value in query, headers and body
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "endpoint": {"path": "orders", "method": "POST", "params": {"user": "{resources.users.id}"}, "headers": {"X-User": "{resources.users.id}"}, "json": {"user": "{resources.users.id}", "deep": {"list": ["{resources.users.name}"]}}}}]})

# case a parent's nested value
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "endpoint": {"path": "users/{user}/orders", "params": {"user": {"type": "resolve", "resource": "users", "field": "profile.ids[0].value"}}}}]})

# case include_from_parent
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "include_from_parent": ["id", "name"], "endpoint": "users/{resources.users.id}/orders"}]})

# case a child that runs in parallel
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "parallelized": True, "endpoint": "users/{resources.users.id}/orders"}]})

# case a parent that is not selected
rest_api_source({"client": client, "resources": [{"name": "users", "selected": False}, {"name": "orders", "endpoint": "users/{resources.users.id}/orders"}]})

# case paginator auto by name
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": "auto"}, "resources": ["users"]})

# case paginator json_link by name
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": "json_link"}, "resources": ["users"]})

# case paginator json_response by name
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": "json_response"}, "resources": ["users"]})

# case paginator header_link by name
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": "header_link"}, "resources": ["users"]})

# case paginator header_cursor by name
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": "header_cursor"}, "resources": ["users"]})

# case paginator cursor by name
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": "cursor"}, "resources": ["users"]})

# case paginator page_number by name
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": "page_number"}, "resources": ["users"]})

# case paginator single_page by name
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": "single_page"}, "resources": ["users"]})

# case paginator auto as a dict
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "auto"}}, "resources": ["users"]})

# case paginator single_page as a dict
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "single_page"}}, "resources": ["users"]})

# case paginator page_number as a dict
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "page_number", "page": 10, "base_page": 1, "total_path": "response.pages"}}, "resources": ["users"]})

# case paginator page_number with a parameter and a maximum
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "page_number", "page_param": "p", "total_path": "response.pages", "base_page": 1, "maximum_page": 5}}, "resources": ["users"]})

# case paginator page_number in the body
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "page_number", "page_body_path": "query.page", "total_path": None}}, "resources": [{"name": "users", "endpoint": {"method": "POST"}}]})

# case paginator offset as a dict
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "offset", "limit": 100, "maximum_offset": 1000}}, "resources": ["users"]})

# case paginator offset without a total
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "offset", "limit": 100, "total_path": None, "has_more_path": "more"}}, "resources": ["users"]})

# case paginator header_link as a dict
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "header_link", "links_next_key": "next_page"}}, "resources": ["users"]})

# case paginator header_cursor as a dict
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "header_cursor", "cursor_key": "X-Next-Cursor", "cursor_param": "cursor"}}, "resources": ["users"]})

# case paginator json_link as a dict
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "json_link", "next_url_path": "response.next"}}, "resources": ["users"]})

# case paginator json_response as a dict
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "users", "paginator": {"type": "json_response", "next_url_path": "links.next"}}}]})

# case paginator cursor as a dict
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "cursor", "cursor_param": "cursor"}}, "resources": ["users"]})

# case paginator cursor in the body
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": {"type": "cursor", "cursor_path": "next", "cursor_body_path": "variables.after", "has_more_path": "more"}}, "resources": [{"name": "users", "endpoint": {"method": "POST"}}]})

# case paginator objects with arguments
rest_api_source({"client": {"base_url": "https://shop.example", "paginator": OffsetPaginator(limit=100)}, "resources": [{"name": "a", "endpoint": {"paginator": PageNumberPaginator(base_page=1, total_path="pages")}}, {"name": "b", "endpoint": {"paginator": JSONResponseCursorPaginator(cursor_path="next", cursor_param="after")}}]})

# case auth bearer by name, section of the source
# env SOURCES__REST_API__CREDENTIALS__TOKEN=t-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": "bearer"}, "resources": ["users"]})

# case auth bearer by name, section sources
# env SOURCES__CREDENTIALS__TOKEN=t-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": "bearer"}, "resources": ["users"]})

# case auth bearer by name, no section
# env CREDENTIALS__TOKEN=t-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": "bearer"}, "resources": ["users"]})

# case auth api_key by name, section of the source
# env SOURCES__REST_API__CREDENTIALS__API_KEY=k-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": "api_key"}, "resources": ["users"]})

# case auth api_key by name, section sources
# env SOURCES__CREDENTIALS__API_KEY=k-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": "api_key"}, "resources": ["users"]})

# case auth api_key by name, no section
# env CREDENTIALS__API_KEY=k-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": "api_key"}, "resources": ["users"]})

# case auth http_basic by name, section of the source
# env SOURCES__REST_API__CREDENTIALS__USERNAME=me
# env SOURCES__REST_API__CREDENTIALS__PASSWORD=p-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": "http_basic"}, "resources": ["users"]})

# case auth http_basic by name, section sources
# env SOURCES__CREDENTIALS__USERNAME=me
# env SOURCES__CREDENTIALS__PASSWORD=p-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": "http_basic"}, "resources": ["users"]})

# case auth http_basic by name, no section
# env CREDENTIALS__USERNAME=me
# env CREDENTIALS__PASSWORD=p-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": "http_basic"}, "resources": ["users"]})

# case auth oauth2_client_credentials by name, section of the source
# env SOURCES__REST_API__CREDENTIALS__ACCESS_TOKEN_URL=https://shop.example/token
# env SOURCES__REST_API__CREDENTIALS__CLIENT_ID=c-123
# env SOURCES__REST_API__CREDENTIALS__CLIENT_SECRET=s-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": "oauth2_client_credentials"}, "resources": ["users"]})

# case auth oauth2_client_credentials by name, no section
# env CREDENTIALS__ACCESS_TOKEN_URL=https://shop.example/token
# env CREDENTIALS__CLIENT_ID=c-123
# env CREDENTIALS__CLIENT_SECRET=s-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": "oauth2_client_credentials"}, "resources": ["users"]})

# case auth api_key with a location, the rest from the environment
# env SOURCES__REST_API__CREDENTIALS__API_KEY=k-123
# env SOURCES__REST_API__CREDENTIALS__NAME=X-Key
rest_api_source({"client": {"base_url": "https://shop.example", "auth": {"type": "api_key", "location": "query"}}, "resources": ["users"]})

# case auth http_basic with a user, the password from the environment is enough for an object
# env CREDENTIALS__PASSWORD=p-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": HttpBasicAuth(username="me")}, "resources": ["users"]})

# case auth oauth2_client_credentials as a dict, the secrets from the environment
# env SOURCES__CREDENTIALS__CLIENT_ID=c-123
# env SOURCES__CREDENTIALS__CLIENT_SECRET=s-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": {"type": "oauth2_client_credentials", "access_token_url": "https://shop.example/token", "access_token_request_data": {"scope": "all"}, "default_token_expiration": 60}}, "resources": ["users"]})

# case auth api_key object, its key from the environment
# env CREDENTIALS__API_KEY=k-123
rest_api_source({"client": {"base_url": "https://shop.example", "auth": APIKeyAuth(location="param", name="token")}, "resources": ["users"]})

# case auth oauth2_client_credentials object
rest_api_source({"client": {"base_url": "https://shop.example", "auth": OAuth2ClientCredentials(access_token_url="https://shop.example/token", client_id="c-123", client_secret="s-123")}, "resources": ["users"]})

# case auth in a cookie
rest_api_source({"client": {"base_url": "https://shop.example", "auth": {"type": "api_key", "api_key": "k-123", "location": "cookie"}}, "resources": ["users"]})

# case an endpoint without the client's auth
rest_api_source({"client": {"base_url": "https://shop.example", "auth": BearerTokenAuth("t-123")}, "resources": [{"name": "users", "endpoint": {"auth": None}}]})

# case response actions to ignore
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"response_actions": [{"status_code": 404, "action": "ignore"}, {"content": "Not found", "action": "ignore"}, {"status_code": 200, "content": "some text", "action": "ignore"}]}}]})

# case response actions that are functions
def look(response, *args, **kwargs):
    return response
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"response_actions": [look, {"status_code": 200, "action": look}, {"status_code": 200, "action": [look, look]}]}}]})

# case processing steps
rest_api_source({"client": client, "resources": [{"name": "users", "processing_steps": [{"filter": lambda row: row["id"] > 1}, {"map": lambda row: {**row, "x": 1}}]}]})

# case an incremental with a conversion
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"incremental": {"cursor_path": "at", "start_param": "since", "convert": lambda value: str(value)}}}]})

# case an incremental with every key
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"from": "{incremental.start_value}"}, "incremental": {"cursor_path": "at", "initial_value": 1, "end_value": 9, "lag": 2, "last_value_func": "max", "primary_key": "id", "row_order": "asc", "on_cursor_value_missing": "include", "range_start": "open", "range_end": "closed"}}}]})

# case an incremental without a cursor
# spile refuses config/missing-field: dlt switches it off in silence
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"incremental": {"initial_value": 1}}}]})

# case the cursor in path, body and headers
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "since/{incremental.start_value}/users", "method": "POST", "json": {"from": "{incremental.start_value}"}, "headers": {"X-From": "{incremental.start_value}"}, "incremental": {"cursor_path": "at", "initial_value": "2024"}}}]})

# case braces that are escaped
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"method": "POST", "params": {"q": '{{"a": 1}}'}, "json": {"query": "query {{ users {{ id }} }}"}}}]})

# case a path with braces takes four
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "a/{{{{b}}}}/c"}}]})

# case parameters of all types
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"params": {"a": 1, "b": 1.5, "c": True, "d": None, "e": ["x", "y"], "f": ""}}}]})

# case an empty body on GET
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"json": {}}}]})

# case a form
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"method": "POST", "data": {"a": "1"}}}]})

# case an absolute path beside an empty base URL
rest_api_source({"client": {"base_url": ""}, "resources": [{"name": "users", "endpoint": "https://shop.example/v1/users"}]})

# case an absolute path in place of the base URL
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": "HTTPS://other.example/users"}]})

# case base_url with slashes
rest_api_source({"client": {"base_url": "https://shop.example/v1//"}, "resources": [{"name": "users", "endpoint": "//users"}]})

# case a base URL that is no URL
# spile refuses config/invalid-url: dlt fails at the first request
rest_api_source({"client": {"base_url": "shop.example"}, "resources": ["users"]})

# case a resource that is a path with a query
rest_api_source({"client": client, "resources": ["users/all?size=5"]})

# case a selector that does not compile
# spile refuses config/invalid-jsonpath: dlt fails at the first page
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"data_selector": "data["}}]})

# case references between tables
rest_api_source({"client": client, "resources": ["users", {"name": "orders", "references": [{"columns": ["user_id"], "referenced_table": "users", "referenced_columns": ["id"]}]}]})

# case hints that only other destinations use
rest_api_source({"client": client, "resources": [{"name": "users", "table_format": "iceberg", "file_format": "parquet"}]})

# case write dispositions in all forms
rest_api_source({"client": client, "resources": [{"name": "a", "write_disposition": "append"}, {"name": "b", "write_disposition": "replace"}, {"name": "c", "write_disposition": {"disposition": "merge", "strategy": "delete-insert"}, "primary_key": ["x", "y"]}, {"name": "d", "write_disposition": {"disposition": "replace"}}]})

# case a column type that does not exist
# spile refuses config/invalid-value: dlt fails when it loads
rest_api_source({"client": client, "resources": [{"name": "users", "columns": {"a": {"data_type": "int"}}}]})

# case the arguments of the source
rest_api_source({"client": client, "resources": ["users"]}, name="shop", section="shops", max_table_nesting=2, schema_contract="evolve", parallelized=True)

# case the method that dlt knows beside GET
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"path": "search", "method": "POST"}}]})

# case json and data together
# spile refuses config/conflicting-fields: dlt fails at the first request
rest_api_source({"client": client, "resources": [{"name": "users", "endpoint": {"method": "POST", "json": {"a": 1}, "data": {"b": 2}}}]})
