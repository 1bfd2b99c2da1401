//! The link itself: frames are put on it, and seen on it, at the near side.

use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;
use std::time::{Duration, Instant};

use netio::lab::{Lab, Side};
use nix::ifaddrs::getifaddrs;
use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, bind, recv, send, socket};

/// See the module.
pub struct Wire {
    fd: OwnedFd,
}

impl Wire {
    pub fn tap(lab: &Lab) -> Self {
        let fd = lab.on(Side::Near, || {
            let fd =
                socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll).unwrap();
            let mut addresses = getifaddrs().unwrap().filter(|one| one.interface_name == Side::Near.device());
            let link = addresses.find_map(|one| one.address?.as_link_addr().copied()).expect("the near device");
            bind(fd.as_raw_fd(), &link).unwrap();
            fd
        });
        Self { fd: fd.unwrap() }
    }

    /// Puts a frame on the link.
    pub fn send(&self, frame: &[u8]) {
        assert_eq!(send(self.fd.as_raw_fd(), frame, MsgFlags::empty()), Ok(frame.len()));
    }

    /// What has been on the link until now is not looked at.
    pub fn forget(&self) {
        while recv(self.fd.as_raw_fd(), &mut [0; 64], MsgFlags::MSG_DONTWAIT).is_ok() {}
    }

    /// The next frame from the far side for which `read` has a value; `None` after some time. Does something `meanwhile`,
    /// such as polling a port that answers the network by itself.
    pub fn see<T>(&self, mut read: impl FnMut(&[u8]) -> Option<T>, mut meanwhile: impl FnMut()) -> Option<T> {
        let deadline = Instant::now() + Duration::from_secs(3);
        let mut buffer = [0; 16_384];
        while Instant::now() < deadline {
            match recv(self.fd.as_raw_fd(), &mut buffer, MsgFlags::MSG_DONTWAIT) {
                Ok(len) if buffer[6..12] == Side::Far.mac() => {
                    if let Some(value) = read(&buffer[..len]) {
                        return Some(value);
                    }
                }
                Ok(_) => {}
                Err(nix::Error::EAGAIN) => {
                    meanwhile();
                    thread::sleep(Duration::from_micros(200));
                }
                Err(error) => panic!("{error}"),
            }
        }
        None
    }
}
