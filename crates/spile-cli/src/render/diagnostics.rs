//! Findings with the line they are about, in rustc's form.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use spile::{Diagnostic, Severity};

use super::mask::mask;
use super::{colour, print_talk};

/// Prints findings on standard error.
pub(crate) fn print(diagnostics: &[Diagnostic]) {
    let renderer = if colour() { Renderer::styled() } else { Renderer::plain() };
    for diagnostic in diagnostics {
        print_talk(&format!("{}\n\n", text(diagnostic, &renderer)));
    }
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
    if errors > 1 {
        print_talk(&format!("{errors} errors; nothing was sent\n"));
    }
}

fn text(diagnostic: &Diagnostic, renderer: &Renderer) -> String {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group =
        annotate_snippets::Group::with_title(level.primary_title(&*diagnostic.message).id(diagnostic.code));
    if let Some(span) = &diagnostic.span {
        let text = &span.file.text;
        let start = floor(text, span.start);
        let end = floor(text, span.end).max(start);
        let mut annotation = AnnotationKind::Primary.span(start..end);
        if let Some(label) = &diagnostic.label {
            annotation = annotation.label(&**label);
        }
        group = group.element(Snippet::source(mask(text)).path(&*span.file.name).annotation(annotation));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(&**hint));
    }
    renderer.render(&[group])
}

fn floor(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
