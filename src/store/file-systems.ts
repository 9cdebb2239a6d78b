/**
 * Which file systems are shared over a network. Pure.
 *
 * A kernel lock on them may reach only this machine, or depend on a lock server: exclusion cannot be promised.
 * Magic numbers from linux/magic.h and statfs(2).
 */
import { parseMountinfo } from '../core/mountinfo.ts'

const NETWORK_MAGIC: ReadonlyMap<number, string> = new Map([
  [0x6969, 'nfs'],
  [0x517b, 'smb'],
  [0xff534d42, 'cifs'],
  [0xfe534d42, 'smb2'],
  [0x01021997, '9p'],
  [0x5346414f, 'afs'],
  [0x6b414653, 'afs'],
  [0x73757245, 'coda'],
  [0x00c36400, 'ceph'],
  [0x0bd00bd0, 'lustre'],
  [0x47504653, 'gpfs'],
  [0x7461636f, 'ocfs2'],
  [0x01161970, 'gfs2'],
  [0x786f4256, 'vboxsf'],
  [0x564c, 'ncp'],
])

/** By name, as /proc/self/mountinfo has it: FUSE has one number for all. */
const NETWORK_NAMES =
  /^(nfs\d?|cifs|smb\d?|smbfs|afs|9p|virtiofs|prl_fs|ceph|lustre|webdav|davfs|afpfs|fuse\.(vmhgfs-fuse|grpcfuse|sshfs|s3fs|rclone|glusterfs|davfs2?|curlftpfs|gcsfuse|ceph|moosefs|juicefs))$/

/** @param mountinfo the text of /proc/self/mountinfo, see proc(5); @returns the type under `path`, or `null` */
export const mountTypeOf = (path: string, mountinfo: string): string | null => {
  let best: { readonly point: string; readonly type: string } | null = null
  for (const { point, type } of parseMountinfo(mountinfo)) {
    const covers = path === point || path.startsWith(point.endsWith('/') ? point : `${point}/`)
    // The last of equal ones is mounted on top.
    if (covers && (best === null || point.length >= best.point.length)) best = { point, type }
  }
  return best?.type ?? null
}

/**
 * @param magic `f_type` of statfs(2)
 * @param name the mount's type by name, when it is known
 * @returns what to call the network file system, or `null` for a local one
 */
export const networkTypeOf = (magic: number, name: string | null): string | null => {
  if (name !== null && NETWORK_NAMES.test(name)) return name
  // `f_type` is signed on some systems.
  return NETWORK_MAGIC.get(magic >>> 0) ?? null
}

/** They are in memory: TMPFS_MAGIC, RAMFS_MAGIC. */
const MEMORY_MAGIC: ReadonlySet<number> = new Set([0x01021994, 0x858458f6])

/** Debian's tmpfiles.d and others empty these at the boot. */
const EMPTIED = ['/tmp', '/run', '/var/run', '/dev/shm', '/private/tmp']

/** Why a reboot empties a directory, in words; `null` when it does not. @param path with no link in it */
export const emptiedAtBoot = (path: string, magic: number): string | null => {
  if (MEMORY_MAGIC.has(magic)) return 'is in memory (tmpfs)'
  const parent = EMPTIED.find((one) => path === one || path.startsWith(`${one}/`))
  return parent === undefined ? null : `is below ${parent}`
}
