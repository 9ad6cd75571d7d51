//! What the buttons beside the parts of a rule do to it. Each of them leaves every other part as it is.

use domain::condition::{MAX_DEPTH, MAX_LEAVES};

use super::node::{Node, Word};

/// Where a node is: the number of each part on the way to it. The whole rule is nowhere.
pub(super) type Path = Vec<usize>;

/// One button.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edit {
    /// One question more in the group.
    Part,
    /// One group more in the group.
    Group,
    Up,
    Down,
    /// Says the opposite.
    Not,
    Remove,
}

impl Edit {
    const EVERY: [Self; 6] = [Self::Part, Self::Group, Self::Up, Self::Down, Self::Not, Self::Remove];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Part => "part",
            Self::Group => "group",
            Self::Up => "up",
            Self::Down => "down",
            Self::Not => "not",
            Self::Remove => "remove",
        }
    }

    /// Reads `up:0.2`, the value of a button.
    pub(super) fn read(value: &str) -> Option<(Self, Path)> {
        let (name, path) = value.split_once(':')?;
        let edit = Self::EVERY.into_iter().find(|edit| edit.name() == name)?;
        let steps = path.split('.').filter(|step| !step.is_empty());
        Some((edit, steps.map(str::parse).collect::<Result<_, _>>().ok()?))
    }

    /// Does it, and says where the focus goes. What is not possible changes nothing.
    pub(super) fn of(self, root: &mut Node, path: &Path) -> Path {
        let Some(node) = at(root, path) else { return path.clone() };
        match self {
            Self::Part => add(root, path, Node::fresh()),
            Self::Group => add(root, path, Node::Group(Word::Any, vec![Node::fresh()])),
            Self::Not => {
                negate(node);
                if root.depth() > MAX_DEPTH {
                    at(root, path).map(negate);
                }
                path.clone()
            }
            Self::Up => shift(root, path, |index| index.checked_sub(1)),
            Self::Down => shift(root, path, |index| index.checked_add(1)),
            Self::Remove => remove(root, path),
        }
    }
}

/// The node at a place.
pub(super) fn at<'a>(root: &'a mut Node, path: &[usize]) -> Option<&'a mut Node> {
    path.iter().try_fold(root, |node, index| match node {
        Node::Group(_, parts) => parts.get_mut(*index),
        Node::Leaf(_) => None,
    })
}

fn parts<'a>(root: &'a mut Node, path: &[usize]) -> Option<&'a mut Vec<Node>> {
    match at(root, path)? {
        Node::Group(_, parts) => Some(parts),
        Node::Leaf(_) => None,
    }
}

/// A lone question becomes the first part of a group.
fn add(root: &mut Node, path: &Path, new: Node) -> Path {
    let before = root.clone();
    let Some(node) = at(root, path) else { return path.clone() };
    if let Node::Leaf(_) = node {
        *node = Node::Group(Word::All, vec![node.clone()]);
    }
    let Node::Group(word, parts) = node else { return path.clone() };
    if *word == Word::Not && !parts.is_empty() {
        return path.clone();
    }
    parts.push(new);
    let last = parts.len() - 1;
    if root.leaves() > MAX_LEAVES || root.depth() > MAX_DEPTH {
        *root = before;
        return path.clone();
    }
    [path.as_slice(), &[last]].concat()
}

/// Twice is as before.
fn negate(node: &mut Node) {
    match node {
        Node::Group(Word::Not, parts) if parts.len() == 1 => {
            if let Some(part) = parts.pop() {
                *node = part;
            }
        }
        Node::Group(..) | Node::Leaf(_) => *node = Node::Group(Word::Not, vec![node.clone()]),
    }
}

fn shift(root: &mut Node, path: &Path, to: impl Fn(usize) -> Option<usize>) -> Path {
    let moved = path.split_last().and_then(|(index, group)| {
        let to = to(*index)?;
        let parts = parts(root, group)?;
        if to >= parts.len() {
            return None;
        }
        parts.swap(*index, to);
        Some([group, &[to]].concat())
    });
    moved.unwrap_or_else(|| path.clone())
}

/// A group goes with its last part, for it would ask nothing. Of the whole rule an empty group is left.
fn remove(root: &mut Node, path: &Path) -> Path {
    let Some((index, group)) = path.split_last() else { return path.clone() };
    let Some(parts) = parts(root, group) else { return path.clone() };
    if *index < parts.len() {
        parts.remove(*index);
    }
    let left = parts.len();
    if left == 0 && !group.is_empty() {
        return remove(root, &group.to_vec());
    }
    match left {
        0 => group.to_vec(),
        left => [group, &[(*index).min(left - 1)]].concat(),
    }
}
