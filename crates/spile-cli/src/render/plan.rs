//! What `spile check` prints about a config that can run.

use spile::Plan;

/// Prints a short summary: resources, where they go, where secrets were found.
pub(crate) fn print(plan: &Plan) {
    let mut text = format!(
        "ok: pipeline {}, dataset {}, destination {}\n\n",
        plan.pipeline, plan.dataset, plan.destination.kind
    );
    let rows = plan.resources.iter().map(|resource| {
        let (from, paginator) = match &resource.rows {
            Some(rows) => (rows.describe(), String::new()),
            None => (spile::target(resource), resource.paginator.name().to_owned()),
        };
        vec![
            resource.name.clone(),
            from,
            paginator,
            resource.load.write_disposition.as_str().to_owned(),
            resource.load.primary_key.join(", "),
        ]
    });
    text.push_str(&super::table(&["resource", "url", "paginator", "load", "primary key"], rows));
    if !plan.provenance.is_empty() {
        text.push('\n');
        let rows = plan.provenance.iter().map(|found| {
            vec![
                found.key.clone(),
                if found.secret { "secret" } else { "config" }.to_owned(),
                found.found_in.clone(),
            ]
        });
        text.push_str(&super::table(&["value", "kind", "found in"], rows));
    }
    super::print_text(&text);
}
