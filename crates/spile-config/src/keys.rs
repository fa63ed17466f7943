//! The keys of a config with their shapes, defaults and meanings: for `spile schema config` and the reference pages.
//!
//! Paginators, auths and destinations bring their own tables; here is what surrounds them. Shapes are made of few words:
//! `string`, `integer`, `number`, `boolean`, `path`, `template`, `secret`, `function`, `any`, `map`, `null`, a word in backticks, the
//! name of a group, `list of …`, `map of …`, joined by `or`, in parentheses where needed. Invariant, held by a test: a group documents the keys that the
//! resolver knows, all of them and no others.

mod cursors;

use spile_core::FieldDoc;

mod resource;

use resource::{RESOURCE_FIELDS, RESOURCE_WITH_NAME};

/// The keys of one kind of map.
#[derive(Debug, Clone, Copy)]
pub struct KeyGroup {
    /// Its name, as shapes refer to it.
    pub name: &'static str,
    /// Where it is written, as a path into the config.
    pub place: &'static str,
    /// What it is for, in one sentence.
    pub summary: &'static str,
    /// An example in YAML, from the top of its place.
    pub example: &'static str,
    /// Its keys.
    pub fields: &'static [FieldDoc],
}

/// Shorthand for a row: name, shape, default (empty: required), meaning.
const fn key(
    name: &'static str,
    shape: &'static str,
    default: &'static str,
    summary: &'static str,
) -> FieldDoc {
    FieldDoc { name, shape, default, summary }
}

/// All groups, from the top of a config downwards.
pub const KEY_GROUPS: &[KeyGroup] = &[
    KeyGroup {
        name: "config",
        place: "the top of the file, or one entry of `sources`",
        summary: "A source: one API and what is read from it.",
        example: "client: {base_url: https://api.example.com/v1}\nresources: [users]\n",
        fields: &[
            key("client", "client", "", "What all requests share."),
            key(
                "resources",
                "list of (resource or string)",
                "",
                "What is read; a text is a name that is its path too.",
            ),
            key(
                "resource_defaults",
                "resource_defaults",
                "null",
                "Keys for all resources; a resource's own win.",
            ),
        ],
    },
    KeyGroup {
        name: "settings",
        place: "beside `client` and `resources`",
        summary: "What scripts give as arguments of `rest_api_source` and `dlt.pipeline`.",
        example: "pipeline: shop\ndestination: duckdb\nclient: {base_url: https://api.example.com/v1}\nresources: [users]\n",
        fields: &[
            key(
                "name",
                "string",
                "rest_api",
                "The source's name: its schema, its state, and where its secrets are looked up.",
            ),
            key("section", "string", "rest_api", "The section that its configuration is looked up in."),
            key(
                "max_table_nesting",
                "integer",
                "1000",
                "Levels of nesting that become tables, for all resources.",
            ),
            key("parallelized", "boolean", "false", "Accepted; resources are always read side by side."),
            key(
                "root_key",
                "boolean",
                "false",
                "Accepted as false; nested rows get the root's id where a merge needs it.",
            ),
            key(
                "schema_contract",
                "`evolve` or `freeze` or `discard_row` or `discard_value` or schema_contract",
                "evolve",
                "What data may do to the schema, for all resources.",
            ),
            key("arguments", "map", "null", "Values for names in paths."),
            key(
                "pipeline",
                "string",
                "the file's stem",
                "The pipeline's name: its state and its work folder.",
            ),
            key("destination", "string", "duckdb", "Where to: a name or a URL."),
            key("dataset", "string", "<pipeline>_dataset", "The dataset, a schema in the database."),
            key("import_schema_path", "string", "null", "Folder of the schema file to start from."),
            key("export_schema_path", "string", "null", "Folder that the schema file is written to."),
            key("loader_file_format", "string", "jsonl", "What files are, where the destination is files."),
            key(
                "refresh",
                "`drop_sources` or `drop_resources` or `drop_data`",
                "null",
                "What is taken away in the commit of each run, before its rows enter.",
            ),
            key(
                "dev_mode",
                "boolean",
                "false",
                "Whether every run loads into a dataset of its own, named after the time.",
            ),
        ],
    },
    KeyGroup {
        name: "client",
        place: "client",
        summary: "What all requests share.",
        example: "client:\n  base_url: https://api.example.com/v1\n  auth: {type: bearer, token: '${secrets.shop.token}'}\n  paginator: json_link\n  headers: {Accept: application/json}\nresources: [users]\n",
        fields: &[
            key("base_url", "string", "", "What paths are relative to; empty when every path is a full URL."),
            key("headers", "map of string", "null", "Headers of every request to a trusted host."),
            key("auth", "auth or list of auth", "null", "Credentials; an endpoint can have its own."),
            key("paginator", "paginator", "auto", "How pages are walked where an endpoint does not say."),
            key("retry", "retry", "null", "When a request is sent again (beyond dlt)."),
            key("timeout", "number", "60", "Seconds to connect, and for each read (beyond dlt)."),
            key("total_timeout", "number", "600", "Seconds for one whole answer; 0: none (beyond dlt)."),
            key(
                "concurrency",
                "integer",
                "8",
                "Requests that one host answers at the same time (beyond dlt).",
            ),
            key(
                "parallel_pages",
                "boolean",
                "true",
                "Whether pages whose position is known are asked for before their turn (beyond dlt).",
            ),
            key("rate_limit", "rate_limit", "null", "How many requests in how many seconds (beyond dlt)."),
            key(
                "trusted_hosts",
                "string or list of string",
                "null",
                "Further hosts that may see credentials (beyond dlt).",
            ),
            key("proxy", "string", "null", "URL of a proxy; empty: none at all (beyond dlt)."),
            key("ca_bundle", "string", "null", "PEM file of the authorities to trust (beyond dlt)."),
            key("limits", "limits", "null", "Bounds of a run (beyond dlt)."),
        ],
    },
    KeyGroup {
        name: "retry",
        place: "client.retry",
        summary: "When a request is sent again. Configs in the seed dialect have defaults of their own; see config.md.",
        example: "client:\n  base_url: https://api.example.com/v1\n  retry: {max_retries: 2, statuses: [429, 503]}\nresources: [users]\n",
        fields: &[
            key("statuses", "list of integer", "429 and 5xx", "Answers that are tried again."),
            key("max_retries", "integer", "4", "Tries after the first."),
            key("backoff_factor", "number", "1", "The first wait in seconds, doubled each time."),
            key("max_wait", "number", "300", "The longest wait in seconds, also for `Retry-After`."),
            key("jitter", "boolean", "false", "Whether waits are spread by up to a quarter."),
            key(
                "rate_limit_max_wait",
                "number",
                "0",
                "Seconds that one request may wait on 429 answers, apart from `max_retries`.",
            ),
        ],
    },
    KeyGroup {
        name: "rate_limit",
        place: "client.rate_limit",
        summary: "A pace that is kept before sending.",
        example: "client:\n  base_url: https://api.example.com/v1\n  rate_limit: {requests: 10, seconds: 1}\nresources: [users]\n",
        fields: &[
            key("requests", "integer", "", "Requests in every span."),
            key("seconds", "number", "1", "The length of the span."),
        ],
    },
    KeyGroup {
        name: "limits",
        place: "client.limits",
        summary: "Bounds of a run; passing one is an error that names it.",
        example: "client:\n  base_url: https://api.example.com/v1\n  limits: {pages_max: 1000}\nresources: [users]\n",
        fields: &[
            key("pages_max", "integer", "10000000", "Pages of one resource."),
            key("windows_max", "integer", "100000", "Windows that a `step` may cut one range into."),
            key(
                "parent_cursors_max",
                "integer",
                "100000",
                "Parent rows that may have a cursor of their own.",
            ),
            key("body_bytes_max", "integer", "268435456", "Bytes of one decompressed answer."),
            key("redirects_max", "integer", "10", "Redirects of one request."),
            key("nesting_max", "integer", "64", "Levels of nesting in a record."),
            key("columns_max", "integer", "4000", "Columns of one table."),
            key("tables_max", "integer", "1000", "Tables of one run."),
            key("pages_in_flight_max", "integer", "8", "Pages between the network and the tables."),
            key(
                "ahead_bytes_max",
                "integer",
                "67108864",
                "Bytes of pages that were fetched ahead of their turn.",
            ),
            key("resources_in_flight_max", "integer", "8", "Resources read at the same time."),
        ],
    },
    KeyGroup {
        name: "resource_defaults",
        place: "resource_defaults",
        summary: "Keys for all resources. `endpoint.params` and `endpoint.json` merge by key, `columns` by column; else a resource's own value replaces the default, and null takes it away.",
        example: "client: {base_url: https://api.example.com/v1}\nresource_defaults:\n  primary_key: id\n  write_disposition: merge\n  endpoint: {params: {per_page: 100}}\nresources: [users]\n",
        fields: RESOURCE_FIELDS,
    },
    KeyGroup {
        name: "resource",
        place: "resources[]",
        summary: "One thing to read, and how it is loaded.",
        example: "client: {base_url: https://api.example.com/v1}\nresources:\n  - name: users\n    primary_key: id\n    write_disposition: merge\n    endpoint: {path: users, params: {per_page: 100}}\n  - name: orders\n    include_from_parent: [id]\n    endpoint: 'users/{resources.users.id}/orders'\n",
        fields: RESOURCE_WITH_NAME,
    },
    KeyGroup {
        name: "step",
        place: "resources[].processing_steps[]",
        summary: "What is done with each record before it is loaded, by functions of a script.",
        example: "client: {base_url: https://api.example.com/v1}\nresources:\n  - {name: users, processing_steps: []}\n",
        fields: &[
            key("filter", "function", "null", "Keeps the records that it says yes to."),
            key("map", "function", "null", "Puts another record in the place of each."),
            key("yield_map", "function", "null", "Puts any number of records in the place of each."),
        ],
    },
    KeyGroup {
        name: "nested_hints",
        place: "resources[].nested_hints.*",
        summary: "Hints of the table that a list of the record becomes; its key is that of the list.",
        example: "client: {base_url: https://api.example.com/v1}\nresources:\n  - name: orders\n    nested_hints:\n      items:\n        columns:\n          price: {name: price, data_type: decimal}\n",
        fields: &[
            key("columns", "map of column or list of column or json_schema", "null", "Hints of its columns."),
            key("references", "list of reference", "null", "References to other tables, kept in the schema."),
            key(
                "table_format",
                "`iceberg` or `delta` or `hive` or `native`",
                "null",
                "Kept in the schema, for other destinations.",
            ),
            key(
                "file_format",
                "`preferred` or `jsonl` or `typed-jsonl` or `insert_values` or `parquet` or `csv` or `reference` or `model`",
                "null",
                "Kept in the schema, for other destinations.",
            ),
        ],
    },
    KeyGroup {
        name: "reference",
        place: "resources[].references[]",
        summary: "A reference from columns of this table to columns of another; kept in the stored schema.",
        example: "client: {base_url: https://api.example.com/v1}\nresources:\n  - users\n  - name: orders\n    references:\n      - {columns: [user_id], referenced_table: users, referenced_columns: [id]}\n",
        fields: &[
            key("columns", "list of string", "", "Columns of this table."),
            key("referenced_table", "string", "", "The other table."),
            key("referenced_columns", "list of string", "", "Its columns, in the same order."),
            key("label", "string", "null", "What the reference means."),
            key("cardinality", "string", "null", "Such as `many_to_one`."),
        ],
    },
    KeyGroup {
        name: "write_disposition",
        place: "resources[].write_disposition",
        summary: "How rows enter a table, where a word is not enough.",
        example: "client: {base_url: https://api.example.com/v1}\nresources:\n  - name: users\n    primary_key: id\n    write_disposition: {disposition: merge, strategy: delete-insert}\n",
        fields: &[
            key("disposition", "`append` or `replace` or `merge` or `skip`", "", "The word."),
            key("strategy", "string", "delete-insert", "How a merge or a replace is done."),
            key(
                "deduplicated",
                "boolean",
                "false",
                "Whether the rows of a load are known to have no key twice (delete-insert).",
            ),
            key(
                "skip_unchanged_rows",
                "boolean",
                "false",
                "Whether rows that are stored as they come are left alone (upsert).",
            ),
            key(
                "validity_column_names",
                "list of string",
                "_dlt_valid_from, _dlt_valid_to",
                "The columns of a version's time (scd2).",
            ),
            key(
                "active_record_timestamp",
                "any",
                "null",
                "What stands for the end of the current version (scd2).",
            ),
            key("boundary_timestamp", "any", "the load's time", "When versions end and begin (scd2)."),
            key(
                "row_version_column_name",
                "string",
                "null",
                "The column that holds a row's version (scd2, upsert).",
            ),
        ],
    },
    KeyGroup {
        name: "schema_contract",
        place: "resources[].schema_contract",
        summary: "What data that would change the schema may do, part by part.",
        example: "client: {base_url: https://api.example.com/v1}\nresources:\n  - name: users\n    schema_contract: {tables: evolve, columns: freeze}\n",
        fields: &[
            key("tables", MODES, "evolve", "A table that has had no data yet."),
            key("columns", MODES, "evolve", "A new column of a table that has had data."),
            key("data_type", MODES, "evolve", "A value that does not fit its column."),
        ],
    },
    KeyGroup {
        name: "column",
        place: "resources[].columns",
        summary: "Hints of one column; keys that begin with `x-` are kept as they are.",
        example: "client: {base_url: https://api.example.com/v1}\nresources:\n  - name: users\n    columns: {id: {data_type: bigint, nullable: false}}\n",
        fields: &[
            key("name", "string", "the key", "The column, where columns are a list."),
            key(
                "data_type",
                "`text` or `double` or `bool` or `timestamp` or `bigint` or `binary` or `json` or `decimal` or `date` or `time`",
                "from the data",
                "dlt's type.",
            ),
            key("nullable", "boolean", "true", "Whether the column takes NULL."),
            key("primary_key", "boolean", "false", "Whether it is part of the primary key."),
            key("merge_key", "boolean", "false", "Whether it is part of the merge key."),
            key("unique", "boolean", "false", "Kept in the schema."),
            key("precision", "integer", "null", "Digits of a decimal, bytes of a text."),
            key("scale", "integer", "null", "Decimal places."),
            key("timezone", "boolean", "true", "Whether a timestamp has a time zone."),
            key("description", "string", "null", "Kept in the schema."),
            key("partition", "boolean", "false", "Kept in the schema, for other destinations."),
            key("cluster", "boolean", "false", "Kept in the schema, for other destinations."),
            key("sort", "boolean", "false", "Kept in the schema, for other destinations."),
            key("hard_delete", "boolean", "false", "The column says that a row is to be deleted."),
            key(
                "dedup_sort",
                "`asc` or `desc`",
                "null",
                "The column decides which row of several with one key stays.",
            ),
        ],
    },
    KeyGroup {
        name: "endpoint",
        place: "resources[].endpoint",
        summary: "The requests of a resource.",
        example: "client: {base_url: https://api.example.com/v1}\nresources:\n  - name: users\n    endpoint:\n      path: users\n      params: {since: '{incremental.start_value}'}\n      data_selector: data.items\n      incremental: {cursor_path: updated_at, initial_value: '2026-01-01'}\n",
        fields: &[
            key(
                "path",
                "string",
                "the resource's name",
                "Relative to `base_url`, or a full URL; `{name}` takes a value of `params`, `{resources.parent.field}` one of the parent.",
            ),
            key("method", "`GET` or `POST`", "GET", "The method."),
            key(
                "params",
                "map",
                "null",
                "Query parameters; a value of the type `resolve` or `incremental` is a map.",
            ),
            key("json", "map", "null", "The JSON body."),
            key(
                "data",
                "map or list of any or string",
                "null",
                "A form, as a map or a list of pairs, or a text that is sent as it is.",
            ),
            key("headers", "map of (string or null)", "null", "Headers beside the client's."),
            key("auth", "auth or list of auth", "the client's", "Credentials; null: none."),
            key("paginator", "paginator", "the client's", "How pages are walked."),
            key("data_selector", "path", "found on the first page", "Where the records are in the answer."),
            key(
                "decoder",
                "`auto` or `json` or `jsonl` or `csv` or `xml` or decoder",
                "`auto`",
                "What the answers are; `auto`: as their content type says (beyond dlt).",
            ),
            key("incremental", "incremental", "null", "Loading only what is new."),
            key("response_actions", "list of response_action", "null", "Answers that are not errors."),
        ],
    },
    KeyGroup {
        name: "decoder",
        place: "resources[].endpoint.decoder",
        summary: "What the answers are (beyond dlt).",
        example: "client: {base_url: https://api.example.com/v1}\nresources:\n  - name: users\n    endpoint: {decoder: {type: csv, delimiter: ';'}}\n",
        fields: &[
            key("type", "`auto` or `json` or `jsonl` or `csv` or `xml`", "`auto`", "The format."),
            key("delimiter", "string", "`,`", "What separates the fields of CSV: one character."),
            key("columns", "list of string", "the first row", "The names of CSV's columns."),
            key("member", "string", "the only file", "Which file of a zip archive counts."),
        ],
    },
    KeyGroup {
        name: "response_action",
        place: "resources[].endpoint.response_actions[]",
        summary: "What an answer means, by its status or its text.",
        example: "client: {base_url: https://api.example.com/v1}\nresources:\n  - name: users\n    endpoint: {response_actions: [{status_code: 404, action: ignore}]}\n",
        fields: &[
            key("status_code", "integer", "null", "The status."),
            key("content", "string", "null", "A text that the answer holds."),
            key("action", "string", "null", "`ignore`: the resource ends here, without an error."),
        ],
    },
    cursors::INCREMENTAL,
    cursors::INCREMENTAL_SYNC,
];

const MODES: &str = "`evolve` or `freeze` or `discard_row` or `discard_value`";
