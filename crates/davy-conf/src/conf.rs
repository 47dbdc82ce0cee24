//! A configuration in memory: one file, or several as layers.

use crate::parse;
use davy_diag::{Diagnostics, SourceMap, Spanned};
use std::collections::HashMap;

/// The stanza whose settings hold in all others.
pub const DEFAULT: &str = "default";

/// All stanzas of a file of one name, in the order in which they first appear.
#[derive(Debug, Clone, Default)]
pub struct Conf {
    stanzas: Vec<Stanza>,
    index: HashMap<String, usize>,
}

#[derive(Debug, Clone)]
pub struct Stanza {
    /// Without its brackets.
    pub name: Spanned<String>,
    settings: Vec<Setting>,
    index: HashMap<String, usize>,
}

#[derive(Debug, Clone)]
pub struct Setting {
    pub key: Spanned<String>,
    /// The text at the span is the value; that of a continued value is a text of its own which
    /// leads back into the file.
    pub value: Spanned<String>,
}

impl Stanza {
    pub(crate) fn new(name: Spanned<String>) -> Stanza {
        Stanza { name, settings: Vec::new(), index: HashMap::new() }
    }

    /// Sets a key; gives the setting that stood there.
    pub(crate) fn set(&mut self, setting: Setting) -> Option<Setting> {
        let known = self.index.get(&setting.key.value).copied();
        if let Some(old) = known.and_then(|at| self.settings.get_mut(at)) {
            return Some(std::mem::replace(old, setting));
        }
        self.index.insert(setting.key.value.clone(), self.settings.len());
        self.settings.push(setting);
        None
    }

    /// What is written in the stanza itself.
    pub fn own(&self) -> &[Setting] {
        &self.settings
    }

    pub fn setting(&self, key: &str) -> Option<&Setting> {
        self.index.get(key).and_then(|at| self.settings.get(*at))
    }
}

impl Conf {
    /// Reads a file's text, known by a name.
    pub fn read(name: &str, text: &str, sources: &mut SourceMap, diags: &mut Diagnostics) -> Conf {
        parse::read(name, text, sources, diags)
    }

    /// Sets a key in a stanza, which is made when it is not there; gives the setting that stood
    /// there.
    pub(crate) fn set(&mut self, stanza: &Spanned<String>, setting: Setting) -> Option<Setting> {
        let at = self.open(stanza);
        self.stanzas.get_mut(at)?.set(setting)
    }

    /// The place of a stanza, made when it is not there.
    pub(crate) fn open(&mut self, name: &Spanned<String>) -> usize {
        if let Some(at) = self.index.get(&name.value) {
            return *at;
        }
        self.index.insert(name.value.clone(), self.stanzas.len());
        self.stanzas.push(Stanza::new(name.clone()));
        self.stanzas.len() - 1
    }

    /// Puts another file over this one: where both set a key, that one's value counts.
    pub fn layer(&mut self, over: Conf) {
        for stanza in over.stanzas {
            self.open(&stanza.name);
            for setting in stanza.settings {
                self.set(&stanza.name, setting);
            }
        }
    }

    pub fn is_empty(&self) -> bool {
        self.stanzas.is_empty()
    }

    /// All stanzas but the default one.
    pub fn stanzas(&self) -> impl Iterator<Item = &Stanza> {
        self.stanzas.iter().filter(|s| s.name.value != DEFAULT)
    }

    pub fn stanza(&self, name: &str) -> Option<&Stanza> {
        self.index.get(name).and_then(|at| self.stanzas.get(*at))
    }

    /// What holds in a stanza: its own settings, and those of `[default]` that it does not set.
    pub fn settings<'c>(&'c self, stanza: &'c Stanza) -> impl Iterator<Item = &'c Setting> {
        let own = |key: &str| stanza.setting(key).is_some();
        let global = self.stanza(DEFAULT).map_or(&[][..], Stanza::own);
        let global = global.iter().filter(move |s| !own(&s.key.value));
        stanza.own().iter().chain(global)
    }

    /// A setting as it holds in a stanza.
    pub fn setting<'c>(&'c self, stanza: &'c Stanza, key: &str) -> Option<&'c Setting> {
        stanza.setting(key).or_else(|| self.stanza(DEFAULT)?.setting(key))
    }

    /// The value of a key in the stanza of a name; nothing without such a stanza.
    pub fn get(&self, stanza: &str, key: &str) -> Option<&str> {
        self.setting(self.stanza(stanza)?, key).map(|s| s.value.value.as_str())
    }
}
