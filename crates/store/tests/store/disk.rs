//! A disk in memory that loses what was not synced, fails on command, and runs full.
//!
//! Entry point: [`FakeDisk`].  Each change to a file or to the directory is one step; a [`Fault`] can be set for any
//! of them.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sumun_store::disk::{Disk, DiskFile};

use crate::support::Random;

/// The machine may write each of these pieces of a write, or not, when it stops in the middle.
const SECTOR: usize = 64;

/// What happens at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The machine stops: this step and all later ones fail.
    Crash,
    /// No room; a write stops half-way.
    Full,
    /// The device fails; a failed sync drops what was to be synced.
    Broken,
}

/// A directory on a fake disk.  Clones are the same disk.
#[derive(Clone, Default)]
pub struct FakeDisk(Arc<Mutex<Machine>>);

#[derive(Default)]
struct Machine {
    files: Vec<Inode>,
    names: BTreeMap<String, usize>,
    /// The directory as it would be after a crash, before `changes`.
    durable_names: BTreeMap<String, usize>,
    changes: Vec<NameChange>,
    steps: u64,
    fault: Option<(u64, Fault)>,
    crashed: bool,
    /// Bytes of all files together.
    capacity: Option<usize>,
    lock: Arc<()>,
}

#[derive(Clone, Default)]
struct Inode {
    bytes: Vec<u8>,
    durable: Vec<u8>,
    pending: Vec<Pending>,
}

#[derive(Clone)]
enum Pending {
    Write(usize, Vec<u8>),
    Len(usize),
}

#[derive(Clone)]
enum NameChange {
    Create(String, usize),
    /// From, to, and what is renamed.
    Rename(String, String, usize),
    Remove(String),
}

struct FakeFile {
    disk: FakeDisk,
    inode: usize,
}

struct Guard(#[expect(dead_code, reason = "held for its count")] Arc<()>);

impl FakeDisk {
    pub fn shared(&self) -> Arc<dyn Disk> {
        Arc::new(self.clone())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Machine) -> T) -> T {
        act(&mut self.0.lock().unwrap())
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.with(|machine| machine.steps)
    }

    /// Has a fault happen at a step, counted from the beginning.
    pub fn fail_at(&self, step: u64, fault: Fault) {
        self.with(|machine| machine.fault = Some((step, fault)));
    }

    /// Limits the bytes of all files together.
    pub fn set_capacity(&self, capacity: Option<usize>) {
        self.with(|machine| machine.capacity = capacity);
    }

    /// Bytes of all files together.
    pub fn used(&self) -> usize {
        self.with(|machine| machine.used())
    }

    /// The disk after the machine stopped now: what was synced, and any part of what was not.
    pub fn after_crash(&self, random: &mut Random) -> FakeDisk {
        let machine = self.with(|machine| machine.crash(random));
        FakeDisk(Arc::new(Mutex::new(machine)))
    }

    /// The disk after the process was killed now: everything that was written.
    pub fn after_kill(&self) -> FakeDisk {
        let machine = self.with(|machine| {
            let files = machine.files.iter().map(|inode| Inode::new(inode.bytes.clone())).collect();
            Machine {
                files,
                names: machine.names.clone(),
                durable_names: machine.names.clone(),
                ..Machine::default()
            }
        });
        FakeDisk(Arc::new(Mutex::new(machine)))
    }

    /// The contents of all files.
    pub fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.with(|m| {
            m.names.iter().map(|(name, inode)| (name.clone(), m.files[*inode].bytes.clone())).collect()
        })
    }

    /// A disk with these files.
    pub fn with_files(files: &BTreeMap<String, Vec<u8>>) -> FakeDisk {
        let names: BTreeMap<String, usize> = files.keys().cloned().zip(0..).collect();
        let files = files.values().map(|bytes| Inode::new(bytes.clone())).collect();
        let machine = Machine { files, durable_names: names.clone(), names, ..Machine::default() };
        FakeDisk(Arc::new(Mutex::new(machine)))
    }
}

impl Inode {
    fn new(bytes: Vec<u8>) -> Self {
        Self { durable: bytes.clone(), bytes, pending: Vec::new() }
    }
}

impl Machine {
    /// Counts a step; answers the fault that happens at it.
    fn step(&mut self) -> Result<Option<Fault>, io::Error> {
        self.steps += 1;
        let fault = self.fault.filter(|(step, _)| *step == self.steps).map(|(_, fault)| fault);
        self.crashed |= fault == Some(Fault::Crash);
        if self.crashed { Err(io::Error::other("the machine stopped")) } else { Ok(fault) }
    }

    /// A step that does nothing when it fails.
    fn plain_step(&mut self) -> io::Result<()> {
        match self.step()? {
            Some(Fault::Full) => Err(io::ErrorKind::StorageFull.into()),
            Some(_) => Err(io::Error::other("broken")),
            None => Ok(()),
        }
    }

    fn used(&self) -> usize {
        self.names.values().map(|inode| self.files[*inode].bytes.len()).sum()
    }

    fn inode(&self, name: &str) -> io::Result<usize> {
        self.names.get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn crash(&mut self, random: &mut Random) -> Machine {
        // What was not synced may reach the disk in any order, so any subset of it may be there.
        let files = self.files.iter().map(|inode| Inode::new(inode.survive(random))).collect();
        let mut names = self.durable_names.clone();
        for change in &self.changes {
            if random.below(2) == 0 {
                change.apply(&mut names);
            }
        }
        Machine { files, durable_names: names.clone(), names, ..Machine::default() }
    }
}

impl NameChange {
    fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Create(name, inode) => drop(names.insert(name.clone(), *inode)),
            Self::Rename(from, to, inode) => {
                if names.get(from) == Some(inode) {
                    names.remove(from);
                }
                names.insert(to.clone(), *inode);
            }
            Self::Remove(name) => drop(names.remove(name)),
        }
    }
}

impl Inode {
    fn survive(&self, random: &mut Random) -> Vec<u8> {
        let mut bytes = self.durable.clone();
        for pending in &self.pending {
            match pending {
                Pending::Len(len) if random.below(2) == 0 => bytes.resize(*len, 0),
                Pending::Len(_) => {}
                Pending::Write(at, data) => match random.below(3) {
                    0 => {}
                    1 => write(&mut bytes, *at, data),
                    _ => {
                        for (n, sector) in data.chunks(SECTOR).enumerate() {
                            if random.below(2) == 0 {
                                write(&mut bytes, at + n * SECTOR, sector);
                            }
                        }
                    }
                },
            }
        }
        bytes
    }
}

fn write(bytes: &mut Vec<u8>, at: usize, data: &[u8]) {
    if bytes.len() < at + data.len() {
        bytes.resize(at + data.len(), 0);
    }
    bytes[at..at + data.len()].copy_from_slice(data);
}

impl Disk for FakeDisk {
    fn lock(&self) -> io::Result<Option<Box<dyn Any + Send + Sync>>> {
        self.with(|machine| {
            let free = Arc::strong_count(&machine.lock) == 1;
            Ok(free.then(|| Box::new(Guard(Arc::clone(&machine.lock))) as Box<dyn Any + Send + Sync>))
        })
    }

    fn list(&self) -> io::Result<Vec<String>> {
        self.with(|machine| Ok(machine.names.keys().cloned().collect()))
    }

    fn create(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.with(|machine| {
            machine.plain_step()?;
            if let Some(inode) = machine.names.get(name).copied() {
                machine.files[inode].bytes.clear();
                machine.files[inode].pending.push(Pending::Len(0));
                return Ok(inode);
            }
            let inode = machine.files.len();
            machine.files.push(Inode::default());
            machine.names.insert(name.to_owned(), inode);
            machine.changes.push(NameChange::Create(name.to_owned(), inode));
            Ok::<_, io::Error>(inode)
        })?;
        Ok(Box::new(FakeFile { disk: self.clone(), inode }))
    }

    fn open(&self, name: &str) -> io::Result<Box<dyn DiskFile>> {
        let inode = self.with(|machine| machine.inode(name))?;
        Ok(Box::new(FakeFile { disk: self.clone(), inode }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.with(|machine| {
            machine.plain_step()?;
            let inode = machine.inode(from)?;
            let change = NameChange::Rename(from.to_owned(), to.to_owned(), inode);
            change.apply(&mut machine.names);
            machine.changes.push(change);
            Ok(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.with(|machine| {
            machine.plain_step()?;
            machine.inode(name)?;
            let change = NameChange::Remove(name.to_owned());
            change.apply(&mut machine.names);
            machine.changes.push(change);
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.with(|machine| {
            machine.plain_step()?;
            machine.durable_names = machine.names.clone();
            machine.changes.clear();
            Ok(())
        })
    }

    fn display(&self, name: &str) -> String {
        format!("fake/{name}")
    }

    fn random(&self) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Random(NEXT.fetch_add(1, Ordering::Relaxed)).next()
    }

    fn now(&self) -> Duration {
        Duration::from_millis(self.steps())
    }
}

impl DiskFile for FakeFile {
    fn len(&self) -> io::Result<u64> {
        self.disk.with(|machine| Ok(machine.files[self.inode].bytes.len() as u64))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.disk.with(|machine| {
            let bytes = &machine.files[self.inode].bytes;
            let from = bytes.len().min(offset as usize);
            // Reads are short now and then, as the system is free to make them.
            let n = buffer.len().min(bytes.len() - from).min(3000);
            buffer[..n].copy_from_slice(&bytes[from..from + n]);
            Ok(n)
        })
    }

    fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let at = offset as usize;
        self.disk.with(|machine| {
            let fault = match machine.step() {
                Ok(fault) => fault,
                Err(error) => {
                    // The write that was under way may have got somewhere.
                    machine.files[self.inode].pending.push(Pending::Write(at, bytes.to_vec()));
                    return Err(error);
                }
            };
            let grows = (at + bytes.len()).saturating_sub(machine.files[self.inode].bytes.len());
            let room =
                machine.capacity.map_or(usize::MAX, |capacity| capacity.saturating_sub(machine.used()));
            let n = match fault {
                Some(Fault::Full) if bytes.len() < 2 => return Err(io::ErrorKind::StorageFull.into()),
                Some(Fault::Full) => {
                    // Half of it is written; the rest finds no room at the next step.
                    machine.fault = Some((machine.steps + 1, Fault::Full));
                    bytes.len() / 2
                }
                Some(_) => return Err(io::Error::other("broken")),
                None if grows > room => bytes.len() - (grows - room).min(bytes.len()),
                None => bytes.len(),
            };
            if n == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let file = &mut machine.files[self.inode];
            write(&mut file.bytes, at, &bytes[..n]);
            file.pending.push(Pending::Write(at, bytes[..n].to_vec()));
            Ok(n)
        })
    }

    fn set_len(&mut self, len: u64) -> io::Result<()> {
        self.disk.with(|machine| {
            machine.plain_step()?;
            let file = &mut machine.files[self.inode];
            file.bytes.resize(len as usize, 0);
            file.pending.push(Pending::Len(len as usize));
            Ok(())
        })
    }

    fn sync(&mut self) -> io::Result<()> {
        self.disk.with(|machine| {
            let fault = machine.step()?;
            let file = &mut machine.files[self.inode];
            if fault.is_some() {
                // Some systems drop what they could not write and call it clean.
                file.pending.clear();
                return Err(io::Error::other("sync failed"));
            }
            file.durable = file.bytes.clone();
            file.pending.clear();
            Ok(())
        })
    }
}
