//! How the compiler writes files below a folder.

use std::collections::BTreeSet;
use std::fs;

use xtask::inside::Inside;

#[test]
fn files_are_made_with_all_folders_that_they_are_in() {
    let scratch = tempfile::tempdir().expect("a folder can be made");
    let folder = scratch.path().join("workspace/folder");
    let mut inside = Inside::of(&folder);
    for path in ["a.txt", "b/c/d.txt", "b/c/e.txt", "b/f.txt", "g/h.txt"] {
        inside.write(path, path).expect(path);
        assert_eq!(fs::read_to_string(folder.join(path)).expect(path), path);
    }
    inside.write("b/c/d.txt", "new").expect("it is replaced");
    assert_eq!(fs::read_to_string(folder.join("b/c/d.txt")).expect("it is there"), "new");
    let names = fs::read_dir(&folder).expect("it is there").map(|entry| entry.expect("an entry").file_name());
    let names: BTreeSet<_> = names.collect();
    assert_eq!(names, ["a.txt", "b", "g"].map(Into::into).into(), "no draft is left");
}

#[test]
fn file_with_the_text_is_left_alone() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut inside = Inside::of(folder.path());
    let changed = |path| fs::metadata(folder.path().join(path)).and_then(|it| it.modified()).expect("it is there");
    inside.update("a", "text").expect("it is made");
    let before = changed("a");
    inside.update("a", "text").expect("it is there");
    assert_eq!(changed("a"), before);
    inside.update("a", "other").expect("it is replaced");
    assert_eq!(fs::read_to_string(folder.path().join("a")).expect("it is there"), "other");
}
