//! What a thread beside the tiles has to tell the operator.
//!
//! Goal: a few texts, kept until somebody asks. Non-goal: a log.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many texts wait; older ones go.
const TEXTS_MAX: usize = 16;

/// Texts that wait to be told.
#[derive(Debug, Default)]
pub struct Told {
    texts: Mutex<VecDeque<String>>,
}

impl Told {
    /// Has something told.
    pub fn tell(&self, text: String) {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if texts.len() == TEXTS_MAX {
            texts.pop_front();
        }
        texts.push_back(text);
    }

    /// The oldest text that was not told yet.
    #[must_use]
    pub fn take(&self) -> Option<String> {
        self.texts.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}
