//! Logins and ends of sessions as lines of the log, from the counters: no tile takes time for it.

use crate::log::{Field, Kind};
use crate::stats::Look;
use std::collections::HashMap;

/// What was known of the sessions.
#[derive(Debug, Default)]
pub struct Sessions {
    /// Whether it stood, and its logins.
    known: HashMap<String, (bool, u64)>,
    deaths: u64,
}

/// A line to say.
pub type Told = (Kind, String, Vec<Field>);

impl Sessions {
    /// Takes in a look and says what has happened since the last one.
    pub fn see(&mut self, look: &Look) -> Vec<Told> {
        let deaths = look.get("gateway", "deaths").unwrap_or(0);
        let died = deaths > self.deaths;
        self.deaths = deaths;
        let mut told = Vec::new();
        for row in look.rows("session") {
            let (alive, logins) = (row.get("alive") == Some(1), row.get("logins").unwrap_or(0));
            let before = self.known.insert(row.label.clone(), (alive, logins)).unwrap_or((false, 0));
            let fields = || vec![Field::Text("session", row.label.clone()), Field::Number("logins", logins)];
            if logins > before.1 {
                told.push((Kind::SessionLogin, format!("session {}: logged in", row.label), fields()));
            }
            let was = before.0 || logins > before.1;
            if was && !alive {
                let (kind, how) = match died {
                    true => (Kind::SessionLost, "lost: it was silent for too long"),
                    false => (Kind::SessionLogout, "logged out, or was disconnected"),
                };
                told.push((kind, format!("session {}: {how}", row.label), fields()));
            }
        }
        told
    }
}
