//! `--fix`: patches of the files that findings stand in.
//!
//! Entry points: [`args`], [`wanted`], [`make`].  With a live cluster named beside the files, it is asked whether it
//! would take each object as it becomes.

use std::path::Path;

use api::Value;
use clap::{Arg, ArgAction, ArgMatches};
use evidence::{Reader, Wanted};
use posture::{Dropped, Fixes, Input, Patch, Report, Settings, Wish};

use crate::common::{Failure, Live, Sources, say};
use crate::scan::files;

/// How often a patch may make room for another one.
const MOST_ROUNDS: usize = 8;

/// How many patches that are not made are told one by one.
const MOST_TOLD: usize = 20;

/// What is done with patches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// They are shown.
    Print,
    /// The files are rewritten.
    Apply,
}

/// The flags.
pub(super) fn args() -> [Arg; 2] {
    const HEADING: &str = "Patches";
    [
        Arg::new("fix")
            .long("fix")
            .value_name("HOW")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("print")
            .value_parser(["print", "apply"])
            .requires("filename")
            .help_heading(HEADING)
            .help(
                "Patch what is safe to patch in the files: print a diff, or apply it and report what is left",
            ),
        Arg::new("fix-offered")
            .long("fix-offered")
            .action(ArgAction::SetTrue)
            .requires("fix")
            .help_heading(HEADING)
            .help("Patch what a workload may have to be changed for, too"),
    ]
}

/// What is to be done, if anything.
pub(super) fn wanted(matches: &ArgMatches) -> Option<How> {
    matches.get_one::<String>("fix").map(|how| if how == "apply" { How::Apply } else { How::Print })
}

/// Makes the patches for what a report has found, and for what they make room for; the text of them when they are to be shown, else the files are
/// written and `input` is what they hold then.
///
/// # Errors
/// A cluster that cannot be asked, a file that cannot be written.
pub(super) fn make(
    how: How,
    matches: &ArgMatches,
    report: Report,
    settings: &Settings,
    input: &mut Input,
) -> Result<String, Failure> {
    let sources = Sources::of(matches);
    if sources.files.iter().any(|file| file == "-") {
        return Err(Failure("standard input cannot be patched; name files with -f".to_owned()));
    }
    let live = sources.open_live()?;
    let mut prove = |object: &Value| live.as_ref().map_or(Ok(()), |live| dry_run(live, object));
    let offered = matches.get_flag("fix-offered");
    let (mut report, mut fixes) = (report, Fixes::default());
    for _ in 0..MOST_ROUNDS {
        let mut read = |path: &str| match fixes.patches.iter().find(|patch| patch.source == path) {
            Some(patch) => Ok(patch.after.clone()),
            None => read(path),
        };
        let wish = &mut Wish { offered, read: &mut read, prove: &mut prove };
        let more = posture::fixes(&report, settings, wish);
        let is_last = more.patches.is_empty();
        more.patches.iter().for_each(|patch| replace(input, patch));
        fixes.extend(more);
        if is_last {
            break;
        }
        report = super::look(input, matches, settings)?.0;
    }
    let shown = match how {
        How::Print => fixes.patches.iter().map(shown).collect(),
        How::Apply => {
            apply(&fixes)?;
            String::new()
        }
    };
    tell(&fixes, how);
    Ok(shown)
}

/// The difference, named as seen from here: a program that applies it does not take whole paths.
fn shown(patch: &Patch) -> String {
    let here = std::env::current_dir().ok();
    let inside = here.and_then(|here| Some(Path::new(&patch.source).strip_prefix(here).ok()?.to_owned()));
    match inside {
        Some(name) => Patch { source: name.display().to_string(), ..patch.clone() }.diff(),
        None => patch.diff(),
    }
}

fn tell(fixes: &Fixes, how: How) {
    // What stands against one patch of an object often stands against all of them.
    let same =
        |a: &Dropped, b: &Dropped| a.origin == b.origin && a.subject == b.subject && a.reason == b.reason;
    let groups: Vec<&[Dropped]> = fixes.dropped.chunk_by(same).collect();
    for group in groups.iter().take(MOST_TOLD) {
        let Some(first) = group.first() else { continue };
        let checks: Vec<_> = group.iter().map(|dropped| dropped.check.id).collect();
        let (checks, are) = (checks.join(", "), if group.len() == 1 { "is" } else { "are" });
        say(&format!(
            "note: {}: {}: {checks} {are} not patched: {}",
            first.origin, first.subject, first.reason
        ));
    }
    let more = groups.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        say(&format!("note: and {more} more of these"));
    }
    let mended: usize = fixes.patches.iter().map(|patch| patch.mended.len()).sum();
    let verb = if how == How::Apply { "patched" } else { "can be patched" };
    say(&format!(
        "{mended} findings in {} files {verb}, {} are left",
        fixes.patches.len(),
        fixes.dropped.len()
    ));
}

fn read(path: &str) -> Result<String, String> {
    let text = files::read(Path::new(path)).map_err(|why| why.to_string())?;
    String::from_utf8(text).map_err(|_| "it is not in UTF-8".to_owned())
}

/// Takes what a patched file holds for what it held.
fn replace(input: &mut Input, patch: &Patch) {
    input.objects.objects.retain(|object| *object.origin.source != *patch.source);
    input.documents.retain(|document| *document.origin.source != *patch.source);
    let mut reader = Reader::new(Wanted::All);
    reader.text(&patch.source, &mut patch.after.as_bytes());
    reader.finish().objects.into_iter().for_each(|object| input.add(object));
}

/// Writes the files.
fn apply(fixes: &Fixes) -> Result<(), Failure> {
    for patch in &fixes.patches {
        let path = Path::new(&patch.source);
        if files::read(path).ok().as_deref() != Some(patch.before.as_bytes()) {
            return Err(Failure(format!(
                "{}: it has changed meanwhile; nothing is written to it",
                patch.source
            )));
        }
        files::replace(path, patch.after.as_bytes())
            .map_err(|why| Failure(format!("{}: {why}", patch.source)))?;
    }
    Ok(())
}

/// Asks a cluster whether it would take an object, without anything being stored.
fn dry_run(live: &Live, object: &Value) -> Result<(), String> {
    let version = object.str_at(&["apiVersion"]);
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let kind = object.str_at(&["kind"]);
    let is_it = |r: &&schema::Resource| r.group == group && r.version == version && r.kind == kind;
    let resource = schema::resources()
        .iter()
        .find(is_it)
        .ok_or_else(|| format!("{kind} is no kind that the cluster can be asked about"))?;
    let root = if group.is_empty() { "/api".to_owned() } else { format!("/apis/{group}") };
    let namespace = match (resource.namespaced, object.str_at(&["metadata", "namespace"]), live.namespace()) {
        (false, _, _) => String::new(),
        (true, "", "") => "/namespaces/default".to_owned(),
        (true, "", current) => format!("/namespaces/{current}"),
        (true, named, _) => format!("/namespaces/{named}"),
    };
    let name = object.str_at(&["metadata", "name"]);
    let path = format!("{root}/{version}{namespace}/{}/{name}", resource.plural);
    live.dry_run(&path, object).map_err(|why| format!("the cluster would not take it: {why}"))
}
