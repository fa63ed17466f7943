import dlt
from dlt.sources.rest_api import rest_api_source

source = rest_api_source({
    "client": {
        "base_url": "https://api.example.com/v2",
        "auth": {
            "type": "api_key",
            "name": "access_key_id",
            "api_key": dlt.secrets["access_token"],
            "location": "header"
        }
    },
    "resource_defaults": {
        "primary_key": "id",
        "write_disposition": "merge"
    },
    "resources": [
        {
            "name": "calls",
            "endpoint": {
                "path": "/calls/reporting/simple",
                "data_selector": "items",
                "paginator": {
                    "type": "cursor",
                    "limit": 102,
                    "cursor_param": "page",
                    "stop_condition": "no_more_pages"
                }
            },
            "incremental_sync": {
                "cursor_field": "dateCreated",
                "start_time_param": "filters.dateCreated.from",
                "end_time_param": "filters.dateCreated.to"
            }
        }
    ]
})
