//! The keys of cursors: dlt's `incremental`, the seeds' `incremental_sync`, and what both have beyond dlt.

use spile_core::FieldDoc;

use super::{KeyGroup, key};

pub(super) const INCREMENTAL: KeyGroup = KeyGroup {
    name: "incremental",
    place: "resources[].endpoint.incremental",
    summary: "Loading only what is new, by the greatest value of a cursor so far.",
    example: "client: {base_url: https://api.example.com/v1}\nresources:\n  - name: users\n    endpoint: {incremental: {cursor_path: updated_at, initial_value: '2026-01-01', start_param: since}}\n",
    fields: &[
        key("type", "`incremental`", "incremental", "Only as a value of `params`."),
        key("cursor_path", "path", "", "Where the cursor is in a record."),
        key("initial_value", "string or number or boolean", "null", "Where the first run starts."),
        key("end_value", "string or number or boolean", "null", "A fixed end; the run keeps no state then."),
        key("last_value_func", "`max` or `min`", "max", "Whether cursors grow or shrink."),
        key(
            "primary_key",
            "string or list of string",
            "the resource's",
            "What tells records with the same cursor apart.",
        ),
        key("row_order", "`asc` or `desc`", "null", "The order of the records, to end paging early."),
        key(
            "on_cursor_value_missing",
            "`raise` or `include` or `exclude`",
            "raise",
            "A record without a cursor.",
        ),
        key("lag", "number", "null", "How far before the last cursor the next run starts."),
        key("range_start", "`closed` or `open`", "closed", "Whether the start itself is read."),
        key("range_end", "`closed` or `open`", "open", "Whether the end itself is read."),
        key("start_param", "string", "null", "The query parameter that takes the start."),
        key("end_param", "string", "null", "The query parameter that takes the end."),
        key("convert", "function", "null", "A function of a script that turns a bound into what is sent."),
        key("transform", "function", "null", "dlt's older word for `convert`."),
        key("allow_external_schedulers", "boolean", "null", "Accepted and without effect."),
        STEP,
        GRANULARITY,
        PER_PARENT,
    ],
};

pub(super) const INCREMENTAL_SYNC: KeyGroup = KeyGroup {
    name: "incremental_sync",
    place: "resources[].incremental_sync",
    summary: "The seed dialect's window (beyond dlt); see config.md.",
    example: "client: {base_url: https://api.example.com/v1}\nresources:\n  - name: calls\n    incremental_sync: {cursor_field: dateCreated, start_time_param: from, end_time_param: to}\n",
    fields: &[
        key("cursor_field", "path", "", "Where the cursor is in a record."),
        key("start_time_param", "string", "null", "The parameter that takes the start of the window."),
        key("end_time_param", "string", "null", "The parameter that takes the end of the window."),
        key("initial_value", "string or number", "null", "Where the first run starts."),
        key("start", "string or number", "null", "Another word for `initial_value`."),
        key("end_value", "string or number", "null", "A fixed end."),
        key("lookback", "number", "0", "Seconds that are read again."),
        key("lag", "number", "0", "Another word for `lookback`."),
        key(
            "param_format",
            "string",
            "the records' format",
            "`unix`, `unix_ms`, `iso8601` or a strftime pattern.",
        ),
        key("start_param_format", "string", "param_format", "The same for the start alone."),
        key("end_param_format", "string", "param_format", "The same for the end alone."),
        STEP,
        GRANULARITY,
        PER_PARENT,
    ],
};

const STEP: FieldDoc = key(
    "step",
    "number or string or map of number",
    "null",
    "Cuts the range into windows of this length, such as `P30D` (beyond dlt); see config.md.",
);

const GRANULARITY: FieldDoc = key(
    "cursor_granularity",
    "number or string or map of number",
    "null",
    "What is taken off a window's end, for an API that reads both bounds as inclusive (beyond dlt).",
);

const PER_PARENT: FieldDoc = key(
    "per_parent",
    "boolean",
    "false",
    "Whether each row of the parent has a cursor of its own (beyond dlt).",
);
