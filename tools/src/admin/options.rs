//! The options of `pinion admin`.

use super::client::Credentials;
use clap::{Args, Subcommand, ValueEnum};
use engine::config::{Config, ConfigError};
use std::net::SocketAddrV4;
use std::path::PathBuf;
use wire::admin::OperatorName;
use wire::login::Key;
use wire::{Price, Side, Symbol};

/// Administer a running appliance: sessions, instruments, cancels, the kill switch, drain
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Who asks, and where: --config takes address, name and key from the appliance's own file ([admin] and the first [[operator]], or that of \
--operator); without it they are those of the built-in configuration. --to and --key-file win over it. Roles: read looks, trade also \
disconnects, cancels, halts and locks sessions and members, operator may do everything. What hurts asks on a terminal, and wants --yes \
elsewhere. A connection that is lost is made again for --patience seconds, and the command is done once.

Examples:
  pinion admin status
  pinion admin session list --config pinion.toml
  pinion admin cancel --symbol PINION --side buy
  pinion admin kill --member alpha --yes
  pinion admin reset --member alpha
  pinion admin instrument halt PINION --to 127.0.0.1:26470 --operator operator
  pinion admin drain --json

Exit status: 0 done, or it was so already; 1 refused, or no answer; 2 wrong usage, or not confirmed.")]
pub struct AdminArgs {
    /// The appliance's configuration, for address, name and key
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// One key over that file, such as `admin.address=127.0.0.1:26470`; may be given many times
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = crate::options::key_value, global = true)]
    pub overrides: Vec<(String, String)>,
    /// Where the appliance's operators log in
    #[arg(long, value_name = "ADDRESS", global = true)]
    pub to: Option<SocketAddrV4>,
    /// Who asks
    #[arg(long, value_name = "NAME", global = true)]
    pub operator: Option<String>,
    /// A file with the operator's key, 64 hexadecimal digits
    #[arg(long, value_name = "FILE", global = true)]
    pub key_file: Option<PathBuf>,
    /// Do not ask
    #[arg(long, short, global = true)]
    pub yes: bool,
    /// Print JSON: one object a line
    #[arg(long, global = true)]
    pub json: bool,
    /// How long a lost connection is made again, seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, global = true)]
    pub patience: u64,
    #[command(subcommand)]
    pub(super) command: AdminCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum AdminCommand {
    /// Print the venue's state
    #[command(after_help = "Examples:\n  pinion admin status --json")]
    Status,
    /// Sessions: list them, end one's login, give one another key
    #[command(after_help = "Examples:\n  pinion admin session list")]
    #[command(subcommand)]
    Session(SessionCommand),
    /// Instruments: list them, halt, resume, add
    #[command(after_help = "Examples:\n  pinion admin instrument list")]
    #[command(subcommand)]
    Instrument(InstrumentCommand),
    /// Cancel orders; whoever sent them may send others
    #[command(
        after_help = "Examples:\n  pinion admin cancel --member alpha --symbol PINION\n  pinion admin cancel --all --side sell --yes"
    )]
    Cancel(CancelArgs),
    /// Lock a session, a member or the venue: its orders are canceled, and new ones rejected until `reset`
    #[command(after_help = "Examples:\n  pinion admin kill --session trader1 --yes")]
    Kill(ScopeArgs),
    /// Take such a lock away
    #[command(after_help = "Examples:\n  pinion admin reset --session trader1")]
    Reset(ScopeArgs),
    /// Take no new orders; cancels work, and the orders that stand stay
    #[command(after_help = "Examples:\n  pinion admin drain")]
    Drain,
    /// Take new orders again
    #[command(after_help = "Examples:\n  pinion admin reopen")]
    Reopen,
    /// End the market day, for good
    #[command(after_help = "Examples:\n  pinion admin close --yes")]
    Close,
    /// Print what operators did, oldest first
    #[command(after_help = "Examples:\n  pinion admin log --last 10\n  pinion admin log --journal journal --json")]
    Log(LogArgs),
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum SessionCommand {
    /// Print all sessions
    #[command(after_help = "Examples:\n  pinion admin session list --json")]
    List,
    /// End a session's login; its client may log in again
    #[command(after_help = "Examples:\n  pinion admin session disconnect trader1 --yes")]
    Disconnect {
        /// The session
        username: String,
    },
    /// Give a session another key, at once and for good; it is printed on stdout, or written to --out
    #[command(after_help = "\
The old key is no longer taken for a login from then on; a login that stands goes on (see `session disconnect`). The appliance keeps the new \
key below its journal. Put it into the configuration, too, before a new journal begins.

Examples:
  pinion admin session key trader1 --out trader1.key --yes")]
    Key {
        /// The session
        username: String,
        /// Write the key into this file, which must not be there yet, instead of on stdout
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum InstrumentCommand {
    /// Print all instruments
    #[command(after_help = "Examples:\n  pinion admin instrument list --json")]
    List,
    /// Add one, into a place of limits.instruments_added
    #[command(after_help = "Examples:\n  pinion admin instrument add NEW --tick 0.01 --lot 10")]
    Add(AddArgs),
    /// Stop trading: new orders are rejected, cancels work
    #[command(after_help = "Examples:\n  pinion admin instrument halt PINION")]
    Halt {
        /// The instrument
        #[arg(value_parser = symbol)]
        symbol: Symbol,
    },
    /// Trade again
    #[command(after_help = "Examples:\n  pinion admin instrument resume PINION")]
    Resume {
        /// The instrument
        #[arg(value_parser = symbol)]
        symbol: Symbol,
    },
}

#[derive(Args, Clone, Debug)]
pub(super) struct AddArgs {
    /// Its name, at most 8 characters
    #[arg(value_parser = symbol)]
    pub symbol: Symbol,
    /// Every price is a multiple of it
    #[arg(long)]
    pub tick: Price,
    /// Every quantity is a multiple of it
    #[arg(long, default_value_t = 1)]
    pub lot: u32,
    /// The lowest price [default: one tick]
    #[arg(long)]
    pub price_min: Option<Price>,
    /// The highest price [default: as for a configured instrument]
    #[arg(long)]
    pub price_max: Option<Price>,
    /// How far beyond the best opposite price a market order may trade [default: any price]
    #[arg(long)]
    pub market_protection: Option<Price>,
    /// The [[channel]] on which it is published [default: the first]
    #[arg(long)]
    pub channel: Option<String>,
}

#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = true)]
pub(super) struct CancelArgs {
    /// Of this session
    #[arg(long, value_name = "USERNAME", conflicts_with_all = ["member", "all"])]
    pub session: Option<String>,
    /// Of this member
    #[arg(long, value_name = "NAME", conflicts_with = "all")]
    pub member: Option<String>,
    /// Of everybody
    #[arg(long)]
    pub all: bool,
    /// In this instrument alone
    #[arg(long, value_parser = symbol)]
    pub symbol: Option<Symbol>,
    /// Of this side alone
    #[arg(long, value_enum)]
    pub side: Option<OneSide>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum OneSide {
    Buy,
    Sell,
}

impl From<OneSide> for Side {
    fn from(side: OneSide) -> Self {
        match side {
            OneSide::Buy => Self::Buy,
            OneSide::Sell => Self::Sell,
        }
    }
}

#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = false)]
pub(super) struct ScopeArgs {
    /// This session
    #[arg(long, value_name = "USERNAME")]
    pub session: Option<String>,
    /// All sessions of this member
    #[arg(long, value_name = "NAME")]
    pub member: Option<String>,
    /// Everybody
    #[arg(long)]
    pub venue: bool,
}

#[derive(Args, Clone, Debug)]
pub(super) struct LogArgs {
    /// Only the newest so many; 0: all that are kept
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub last: u32,
    /// Read this journal instead of asking the appliance; its commands are replayed, for what became of them
    #[arg(long, value_name = "DIR")]
    pub journal: Option<PathBuf>,
}

/// What was given cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unusable {
    /// The configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The key file cannot be read.
    #[error("{}: {source}", path.display())]
    KeyFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// It has no key in it.
    #[error("{}: expected 64 hexadecimal digits, found something else", .0.display())]
    NoKey(PathBuf),
    /// There is no address.
    #[error("expected an address, for the configuration has none (admin.address = \"\"); give it with --to")]
    NoAddress,
    /// There is no such operator.
    #[error("the configuration has no operator '{name}', and there is no --key-file; it has {known}")]
    NoOperator {
        /// Who was asked for.
        name: String,
        /// Who is there.
        known: String,
    },
    /// The name is none.
    #[error("expected a name of at most 16 characters, found '{0}'")]
    BadName(String),
    /// An instrument cannot be made of what was given.
    #[error("{0}")]
    Terms(String),
}

impl AdminArgs {
    /// The configuration that was named, or the built-in one.
    pub(super) fn config(&self) -> Result<Config, Unusable> {
        Ok(Config::load_with(self.config.as_deref(), &self.overrides)?)
    }

    /// Who asks, and where.
    pub(super) fn credentials(&self, config: &Config) -> Result<Credentials, Unusable> {
        let address = self.to.or(config.admin.address).ok_or(Unusable::NoAddress)?;
        let configured = match &self.operator {
            Some(name) => config.operators.iter().find(|operator| operator.name == *name),
            None => config.operators.first(),
        };
        let name = self.operator.clone().or(configured.map(|operator| operator.name.clone())).unwrap_or_default();
        let key = match (&self.key_file, configured) {
            (Some(path), _) => {
                let text = std::fs::read_to_string(path);
                let text = text.map_err(|source| Unusable::KeyFile { path: path.clone(), source })?;
                Key::from_hex(text.trim()).ok_or_else(|| Unusable::NoKey(path.clone()))?
            }
            (None, Some(operator)) => operator.key,
            (None, None) => {
                let known: Vec<_> = config.operators.iter().map(|operator| operator.name.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                return Err(Unusable::NoOperator { name, known });
            }
        };
        let operator = OperatorName::new(&name).filter(|_| !name.is_empty()).ok_or(Unusable::BadName(name))?;
        Ok(Credentials { address, operator, key })
    }
}

fn symbol(text: &str) -> Result<Symbol, String> {
    Symbol::new(text).ok_or_else(|| format!("expected 1 to 8 printable ASCII characters, found '{text}'"))
}
