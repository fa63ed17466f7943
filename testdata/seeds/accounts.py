import dlt
from dlt.sources.rest_api import rest_api_source

source = rest_api_source({
    "client": {
        "base_url": "https://api.example.com/v3/a/",
        "auth": {
            "type": "api_key",
            "name": "Authorization",
            "api_key": dlt.secrets["api_key"],
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
                "path": "/{account_id}/calls.json?",
                "data_selector": "calls",
                "paginator": {
                    "type": "cursor",
                    "limit": 100,
                    "cursor_value": "{{ headers['link']['next']['url'] }}",
                    "stop_condition": "{{ 'next' not in headers['link'] }}"
                }
            }
        },
        {
            "name": "conversations",
            "endpoint": {
                "path": "/{account_id}/text-messages.json?",
                "data_selector": "conversations",
                "paginator": {
                    "type": "cursor",
                    "limit": 100,
                    "cursor_value": "{{ headers['link']['next']['url'] }}",
                    "stop_condition": "{{ 'next' not in headers['link'] }}"
                }
            }
        },
        {
            "name": "users",
            "endpoint": {
                "path": "/{account_id}/users.json?",
                "data_selector": "users",
                "paginator": {
                    "type": "cursor",
                    "limit": 100,
                    "cursor_value": "{{ headers['link']['next']['url'] }}",
                    "stop_condition": "{{ 'next' not in headers['link'] }}"
                }
            }
        },
        {
            "name": "companies",
            "endpoint": {
                "path": "/{account_id}/companies.json?",
                "data_selector": "companies",
                "paginator": {
                    "type": "cursor",
                    "limit": 100,
                    "cursor_value": "{{ headers['link']['next']['url'] }}",
                    "stop_condition": "{{ 'next' not in headers['link'] }}"
                }
            }
        }
    ]
})
