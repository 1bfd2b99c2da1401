//! One description of a layout: its struct, its size, its encoder and its decoder.
//!
//! Goal: the offset column of the specification stands in the source, and the compiler proves that the fields follow
//! each other without holes and end at the stated size. Non-goal: variable-length parts; those are written by hand
//! beside it.
//!
//! ```text
//! layout! { Wire, "tick",                        byte order, name in errors
//!     /// Documentation.
//!     pub struct Tick: 26 {                      size, asserted
//!         0 => timestamp: Nanos,                 offset, asserted; the field's type knows its length
//!         ...
//! ```

/// A value with one big-endian form on the wire.
pub(crate) trait Wire: Copy {
    /// Bytes on the wire.
    const LEN: usize;
    /// What a decoder accepts, for error texts.
    const EXPECTED: &'static str;
    /// Reads exactly `LEN` bytes; `None` when the value is outside its closed set.
    fn read(bytes: &[u8]) -> Option<Self>;
    /// Writes exactly `LEN` bytes.
    fn write(self, out: &mut [u8]);
}

/// A value with one little-endian form on disk. Same rules as [`Wire`].
pub(crate) trait Disk: Copy {
    /// Bytes on disk.
    const LEN: usize;
    /// What a decoder accepts, for error texts.
    const EXPECTED: &'static str;
    /// Reads exactly `LEN` bytes; `None` when the value is outside its closed set.
    fn read(bytes: &[u8]) -> Option<Self>;
    /// Writes exactly `LEN` bytes.
    fn write(self, out: &mut [u8]);
}

/// Reserved bytes: written as zero, ignored when read, so that a later version may give them a meaning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reserved<const N: usize>;

macro_rules! integer {
    ($($type:ty),*) => {$(
        impl Wire for $type {
            const LEN: usize = size_of::<$type>();
            const EXPECTED: &'static str = "a number";
            #[inline]
            fn read(bytes: &[u8]) -> Option<Self> {
                Some(Self::from_be_bytes(bytes.try_into().ok()?))
            }
            #[inline]
            fn write(self, out: &mut [u8]) {
                out.copy_from_slice(&self.to_be_bytes());
            }
        }
        impl Disk for $type {
            const LEN: usize = size_of::<$type>();
            const EXPECTED: &'static str = "a number";
            #[inline]
            fn read(bytes: &[u8]) -> Option<Self> {
                Some(Self::from_le_bytes(bytes.try_into().ok()?))
            }
            #[inline]
            fn write(self, out: &mut [u8]) {
                out.copy_from_slice(&self.to_le_bytes());
            }
        }
    )*};
}
integer!(u8, u16, u32, u64, i32, i64);

macro_rules! same_bytes {
    ($order:ident) => {
        impl<const N: usize> $order for [u8; N] {
            const LEN: usize = N;
            const EXPECTED: &'static str = "bytes";
            #[inline]
            fn read(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok()
            }
            #[inline]
            fn write(self, out: &mut [u8]) {
                out.copy_from_slice(&self);
            }
        }
        impl<const N: usize> $order for Reserved<N> {
            const LEN: usize = N;
            const EXPECTED: &'static str = "reserved bytes";
            #[inline]
            fn read(_: &[u8]) -> Option<Self> {
                Some(Self)
            }
            #[inline]
            fn write(self, out: &mut [u8]) {
                out.fill(0);
            }
        }
    };
}
same_bytes!(Wire);
same_bytes!(Disk);

/// Newtypes over a number or over bytes: they have the form of what they hold.
macro_rules! newtype {
    ($($order:ident $type:ident($inner:ty)),* $(,)?) => {$(
        impl $crate::layout::$order for $type {
            const LEN: usize = <$inner as $crate::layout::$order>::LEN;
            const EXPECTED: &'static str = <$inner as $crate::layout::$order>::EXPECTED;
            #[inline]
            fn read(bytes: &[u8]) -> Option<Self> {
                <$inner as $crate::layout::$order>::read(bytes).map(Self)
            }
            #[inline]
            fn write(self, out: &mut [u8]) {
                <$inner as $crate::layout::$order>::write(self.0, out);
            }
        }
    )*};
}
pub(crate) use newtype;

mod vocabulary {
    use crate::{
        InstrumentIndex, MatchNumber, Nanos, OrderRef, Price, Qty, Seq, SessionIndex, Side, Symbol, TimeOfDay,
        UserRefNum,
    };

    newtype!(
        Wire OrderRef(u64),
        Wire UserRefNum(u32),
        Wire MatchNumber(u64),
        Wire InstrumentIndex(u32),
        Wire Qty(u32),
        Wire Nanos(u64),
        Wire TimeOfDay(u64),
        Wire Symbol([u8; 8]),
        Disk Seq(u64),
        Disk Nanos(u64),
        Disk SessionIndex(u16),
        Disk InstrumentIndex(u32),
        Disk UserRefNum(u32),
        Disk Qty(u32),
        Disk Symbol([u8; 8]),
        Disk Price(i64),
    );

    impl super::Wire for Side {
        const LEN: usize = 1;
        const EXPECTED: &'static str = "B or S";
        #[inline]
        fn read(bytes: &[u8]) -> Option<Self> {
            Self::from_byte(*bytes.first()?)
        }
        #[inline]
        fn write(self, out: &mut [u8]) {
            out.copy_from_slice(&[self.byte()]);
        }
    }

    impl super::Disk for Side {
        const LEN: usize = 1;
        const EXPECTED: &'static str = "B or S";
        #[inline]
        fn read(bytes: &[u8]) -> Option<Self> {
            Self::from_byte(*bytes.first()?)
        }
        #[inline]
        fn write(self, out: &mut [u8]) {
            out.copy_from_slice(&[self.byte()]);
        }
    }
}

/// A closed set of one-byte codes.
macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $byte:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum $name {
            $($(#[$variant_doc])* $variant = $byte,)*
        }

        impl $name {
            /// Every member of the set.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The wire byte.
            #[must_use]
            pub const fn byte(self) -> u8 {
                match self {
                    $(Self::$variant => $byte,)*
                }
            }

            /// Reads the wire byte.
            #[must_use]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($byte => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        impl $crate::layout::Wire for $name {
            const LEN: usize = 1;
            const EXPECTED: &'static str = concat!("one of", $(" ", stringify!($byte)),*);
            #[inline]
            fn read(bytes: &[u8]) -> Option<Self> {
                Self::from_byte(*bytes.first()?)
            }
            #[inline]
            fn write(self, out: &mut [u8]) {
                out.copy_from_slice(&[self.byte()]);
            }
        }
    };
}
pub(crate) use codes;

/// Proves at compile time that fields begin where they are said to, without holes, and end at the stated size.
macro_rules! prove_offsets {
    ($order:ident, $start:expr, $size:expr, $($at:literal => $field:ident: $type:ty,)*) => {
        const _: () = {
            let end: usize = $start;
            $(
                assert!($at == end, concat!("offset of ", stringify!($field)));
                let end = end + <$type as $crate::layout::$order>::LEN;
            )*
            assert!($size == end, "size of the layout");
        };
    };
}
pub(crate) use prove_offsets;

/// Reads one field out of an array whose size was checked.
macro_rules! read_field {
    ($order:ident, $what:expr, $bytes:ident, $at:literal, $field:ident, $type:ty) => {{
        let field = &$bytes[$at..$at + <$type as $crate::layout::$order>::LEN];
        match <$type as $crate::layout::$order>::read(field) {
            Some(value) => value,
            None => {
                let expected = <$type as $crate::layout::$order>::EXPECTED;
                return Err($crate::DecodeError::value($what, stringify!($field), expected, field));
            }
        }
    }};
}
pub(crate) use read_field;

/// A fixed layout, with or without a leading type byte. See the head of this file.
macro_rules! layout {
    (
        $order:ident, $what:literal,
        $(#[$doc:meta])*
        pub struct $name:ident: $size:literal $(, type $tag:literal)? {
            $($(#[$field_doc:meta])* $at:literal => $field:ident: $type:ty,)*
        }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        $crate::layout::prove_offsets!(
            $order, 0 $(+ size_of_val(&$tag))?, $size, $($at => $field: $type,)*
        );

        impl $name {
            /// Size of the layout in bytes.
            pub const SIZE: usize = $size;
            $(
                /// The type byte.
                pub const TYPE: u8 = $tag;
            )?

            /// Writes the layout to the front of `out`; returns its size, or nothing when `out` is too small.
            #[must_use]
            #[inline]
            pub fn encode(&self, out: &mut [u8]) -> Option<usize> {
                let out = out.first_chunk_mut::<$size>()?;
                $(out[0] = $tag;)?
                $(<$type as $crate::layout::$order>::write(
                    self.$field, &mut out[$at..$at + <$type as $crate::layout::$order>::LEN]);)*
                Some($size)
            }

            /// Reads the layout from exactly its bytes.
            ///
            /// # Errors
            /// Another size, another type byte, or a field outside its closed set.
            #[inline]
            pub fn decode(bytes: &[u8]) -> Result<Self, $crate::DecodeError> {
                let Ok(bytes) = <&[u8; $size]>::try_from(bytes) else {
                    return Err($crate::DecodeError::Length { what: $what, expected: $size, found: bytes.len() });
                };
                $(if bytes[0] != $tag {
                    return Err($crate::DecodeError::UnknownType { what: $what, found: bytes[0] });
                })?
                Ok(Self {
                    $($field: $crate::layout::read_field!($order, $what, bytes, $at, $field, $type),)*
                })
            }
        }
    };
}
pub(crate) use layout;

/// Fixed-width text: left-justified ASCII padded with spaces.
macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(transparent)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// Nothing but spaces.
            pub const BLANK: Self = Self([b' '; $len]);

            /// Pads printable ASCII text; `None` when it is longer than the field or not printable ASCII.
            #[must_use]
            pub fn new(text: &str) -> Option<Self> {
                let printable = text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
                if text.len() > $len || !printable {
                    return None;
                }
                let mut bytes = [b' '; $len];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                Some(Self(bytes))
            }

            /// The text without its padding; `?` where the bytes are not text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                core::str::from_utf8(&self.0).map_or("?", |text| text.trim_end_matches(' '))
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        $crate::layout::newtype!(Wire $name([u8; $len]), Disk $name([u8; $len]));
    };
}
pub(crate) use text;
