// Processes as /proc shows them: who listens on a port, who descends from whom, who uses how much.

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** Every process that is alive, with its parent and the name of its program. */
export function processes() {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      const stat = read(`/proc/${entry}/stat`);
      if (!stat) return [];
      // The name stands in parentheses and may hold spaces and parentheses itself.
      const [state, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
      return state === "Z" ? [] : [{ pid: Number(entry), parent: Number(parent), name }];
    });
}

/** The children of `pid`, their children and so on. */
export function descendants(pid) {
  const all = processes();
  const found = [];
  let parents = [pid];
  while (parents.length > 0) {
    const children = all.filter((each) => parents.includes(each.parent));
    found.push(...children);
    parents = children.map((child) => child.pid);
  }
  return found;
}

/** Whether `process` still runs, rather than another one that got its number. */
export function isAlive({ pid, name }) {
  return processes().some((each) => each.pid === pid && each.name === name);
}

/** The processes that listen on a TCP port of 127.0.0.1 or of every address. */
export function listeners(port) {
  const hex = Number(port).toString(16).toUpperCase().padStart(4, "0");
  const inodes = ["/proc/net/tcp", "/proc/net/tcp6"].flatMap((table) =>
    (read(table) ?? "")
      .split("\n")
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[1]?.endsWith(`:${hex}`) && fields[3] === "0A")
      .map((fields) => `socket:[${fields[9]}]`),
  );
  return processes().filter(({ pid }) => openFiles(pid).some((file) => inodes.includes(file)));
}

/** The workerd processes behind a port: relatives of the process that listens on it. */
export function workerdBehind(port) {
  const all = processes();
  const parentOf = new Map(all.map((each) => [each.pid, each.parent]));
  let root = listeners(port)[0]?.pid;
  // Up to the process that started everything, whose own parent is not part of the system.
  for (let pid = root; pid > 1; pid = parentOf.get(pid)) {
    const name = all.find((each) => each.pid === pid)?.name;
    if (/^(workerd|node|npm|wrangler|xtask|MainThread)/.test(name ?? "")) root = pid;
  }
  return [...all.filter((each) => each.pid === root), ...descendants(root)].filter(
    (each) => each.name === "workerd",
  );
}

/** Resident memory in bytes. */
export function residentBytes(pid) {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(read(`/proc/${pid}/status`) ?? "")?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

function openFiles(pid) {
  try {
    return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/${pid}/fd/${fd}`)];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}

/** The text of a file, or nothing: a process may end while it is looked at. */
function read(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
