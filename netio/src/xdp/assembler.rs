//! Instructions of the kernel's small machine (BPF), as typed calls: enough to look into a packet, compare and jump.
//!
//! So that the one program we load needs neither a compiler for it nor a file beside the binary. Non-goal: checking the
//! program; the kernel's verifier does that, and refuses what could do harm.

/// One instruction as the kernel takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(C)]
pub(super) struct Instruction {
    code: u8,
    /// The destination in the lower half, the source in the upper.
    registers: u8,
    offset: i16,
    immediate: i32,
}

/// `R0` is what is returned, `R1` to `R5` are arguments and lost in a call, `R6` to `R9` are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
#[allow(dead_code, reason = "all that there are")]
pub(super) enum Register {
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
}

/// How much a load fetches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Width {
    Byte,
    Half,
    Word,
}

/// When to jump. Numbers are compared as 32 bits without sign, registers as 64.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Equal(u32),
    NotEqual(u32),
    Above(Register),
}

/// A place in the program, named before it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Label(usize);

/// A program in the making.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    instructions: Vec<Instruction>,
    /// Where each label stands.
    labels: Vec<Option<usize>>,
    /// Which instruction jumps to which label.
    jumps: Vec<(usize, Label)>,
}

/// A jump that is too far for an instruction, or to a label that was never placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TooFar;

impl Assembler {
    /// A place to jump to.
    pub(super) fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// The next instruction is at this label.
    pub(super) fn place(&mut self, label: Label) {
        self.labels[label.0] = Some(self.instructions.len());
    }

    /// `to = memory[from + offset]`
    pub(super) fn load(&mut self, width: Width, to: Register, from: Register, offset: i16) {
        let width = match width {
            Width::Word => 0x00,
            Width::Half => 0x08,
            Width::Byte => 0x10,
        };
        self.push(CLASS_LOAD | MODE_MEMORY | width, to, from, offset, 0);
    }

    /// `to = map`, by the descriptor that this process has of it.
    pub(super) fn load_map(&mut self, to: Register, map: i32) {
        // Two instructions wide; the source says that the number is a map's descriptor.
        self.push(CLASS_LOAD_WIDE, to, Register::R1, 0, map);
        self.push(0, Register::R0, Register::R0, 0, 0);
    }

    /// `to = from`
    pub(super) fn copy(&mut self, to: Register, from: Register) {
        self.push(CLASS_ALU64 | OPERAND_REGISTER | ALU_MOVE, to, from, 0, 0);
    }

    /// `to = number`
    pub(super) fn set(&mut self, to: Register, number: i32) {
        self.push(CLASS_ALU64 | ALU_MOVE, to, Register::R0, 0, number);
    }

    /// `to += number`
    pub(super) fn add(&mut self, to: Register, number: i32) {
        self.push(CLASS_ALU64 | ALU_ADD, to, Register::R0, 0, number);
    }

    /// `to += from`
    pub(super) fn add_register(&mut self, to: Register, from: Register) {
        self.push(CLASS_ALU64 | OPERAND_REGISTER | ALU_ADD, to, from, 0, 0);
    }

    /// `to &= number`
    pub(super) fn and(&mut self, to: Register, number: i32) {
        self.push(CLASS_ALU64 | ALU_AND, to, Register::R0, 0, number);
    }

    /// `to <<= bits`
    pub(super) fn shift_left(&mut self, to: Register, bits: i32) {
        self.push(CLASS_ALU64 | ALU_SHIFT_LEFT, to, Register::R0, 0, bits);
    }

    pub(super) fn jump(&mut self, to: Label) {
        self.jumps.push((self.instructions.len(), to));
        self.push(CLASS_JUMP, Register::R0, Register::R0, 0, 0);
    }

    pub(super) fn jump_if(&mut self, register: Register, when: When, to: Label) {
        self.jumps.push((self.instructions.len(), to));
        match when {
            When::Equal(number) => self.push(CLASS_JUMP32 | 0x10, register, Register::R0, 0, number.cast_signed()),
            When::NotEqual(number) => self.push(CLASS_JUMP32 | 0x50, register, Register::R0, 0, number.cast_signed()),
            When::Above(other) => self.push(CLASS_JUMP | OPERAND_REGISTER | 0x20, register, other, 0, 0),
        }
    }

    /// Calls a function of the kernel.
    pub(super) fn call(&mut self, function: i32) {
        self.push(CLASS_JUMP | 0x80, Register::R0, Register::R0, 0, function);
    }

    pub(super) fn exit(&mut self) {
        self.push(CLASS_JUMP | 0x90, Register::R0, Register::R0, 0, 0);
    }

    /// The program, with every jump pointing where it should.
    pub(super) fn finish(mut self) -> Result<Vec<Instruction>, TooFar> {
        for (at, label) in self.jumps {
            let target = self.labels[label.0].ok_or(TooFar)?;
            // Counted from the instruction after the jump. The machine also jumps backwards; we never do.
            let distance = target.checked_sub(at + 1).ok_or(TooFar)?;
            self.instructions[at].offset = i16::try_from(distance).map_err(|_| TooFar)?;
        }
        Ok(self.instructions)
    }

    fn push(&mut self, code: u8, to: Register, from: Register, offset: i16, immediate: i32) {
        let registers = (to as u8) | ((from as u8) << 4);
        self.instructions.push(Instruction { code, registers, offset, immediate });
    }
}

// The lower half of `registers` is the destination only where bits are counted from below.
const _: () = assert!(cfg!(target_endian = "little"), "the AF_XDP port knows little-endian machines only");
const _: () = assert!(size_of::<Instruction>() == 8);

const CLASS_LOAD: u8 = 0x01;
const CLASS_LOAD_WIDE: u8 = 0x18;
const CLASS_JUMP: u8 = 0x05;
const CLASS_JUMP32: u8 = 0x06;
const CLASS_ALU64: u8 = 0x07;
const MODE_MEMORY: u8 = 0x60;
const OPERAND_REGISTER: u8 = 0x08;
const ALU_ADD: u8 = 0x00;
const ALU_AND: u8 = 0x50;
const ALU_SHIFT_LEFT: u8 = 0x60;
const ALU_MOVE: u8 = 0xB0;

#[cfg(test)]
mod tests {
    use super::*;

    fn of(code: u8, registers: u8, offset: i16, immediate: i32) -> Instruction {
        Instruction { code, registers, offset, immediate }
    }

    /// Against the encodings of the instruction set's document (RFC 9669).
    #[test]
    fn instructions_are_what_the_document_says() {
        use Register::{R0, R1, R2, R3, R6};
        let mut made = Assembler::default();
        let end = made.label();
        made.load(Width::Half, R2, R1, 12);
        made.load_map(R1, 7);
        made.copy(R6, R1);
        made.add(R2, -1);
        made.add_register(R2, R3);
        made.and(R2, 15);
        made.shift_left(R2, 2);
        made.jump_if(R2, When::Above(R3), end);
        made.jump_if(R2, When::Equal(u32::MAX), end);
        made.jump_if(R2, When::NotEqual(8), end);
        made.call(51);
        made.jump(end);
        made.place(end);
        made.set(R0, 2);
        made.exit();
        assert_eq!(
            made.finish().unwrap(),
            [
                of(0x69, 0x12, 12, 0),
                of(0x18, 0x11, 0, 7),
                of(0x00, 0x00, 0, 0),
                of(0xBF, 0x16, 0, 0),
                of(0x07, 0x02, 0, -1),
                of(0x0F, 0x32, 0, 0),
                of(0x57, 0x02, 0, 15),
                of(0x67, 0x02, 0, 2),
                of(0x2D, 0x32, 4, 0),
                of(0x16, 0x02, 3, -1),
                of(0x56, 0x02, 2, 8),
                of(0x85, 0x00, 0, 51),
                of(0x05, 0x00, 0, 0),
                of(0xB7, 0x00, 0, 2),
                of(0x95, 0x00, 0, 0),
            ]
        );
    }

    #[test]
    fn jumps_that_cannot_be_are_refused() {
        let mut nowhere = Assembler::default();
        let label = nowhere.label();
        nowhere.jump(label);
        assert_eq!(nowhere.finish(), Err(TooFar));
        let mut far = Assembler::default();
        let label = far.label();
        far.jump(label);
        (0..=i16::MAX).for_each(|_| far.exit());
        far.place(label);
        assert_eq!(far.finish(), Err(TooFar));
        let mut back = Assembler::default();
        let label = back.label();
        back.place(label);
        back.jump(label);
        assert_eq!(back.finish(), Err(TooFar));
    }
}
