//! The journal against a real file system: what goes in comes out, what is damaged is noticed, what was acknowledged survives.

mod damage;
mod fixture;
mod inspect;
mod kill;
mod life;
mod power;
