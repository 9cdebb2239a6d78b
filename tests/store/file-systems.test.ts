import { describe, expect, it } from 'vitest'
import { emptiedAtBoot, mountTypeOf, networkTypeOf } from '../../src/store/file-systems.ts'

describe('a file system', () => {
  it.each([
    ['nfs', 0x6969, 'nfs4', 'nfs4'],
    ['nfs without a name', 0x6969, null, 'nfs'],
    ['cifs', 0xff534d42, 'cifs', 'cifs'],
    ['cifs with a signed number', 0xff534d42 | 0, null, 'cifs'],
    ['smb2', 0xfe534d42, null, 'smb2'],
    ['smb3 by name', 0, 'smb3', 'smb3'],
    ['9p', 0x01021997, '9p', '9p'],
    ['afs', 0x5346414f, null, 'afs'],
    ['ceph', 0x00c36400, null, 'ceph'],
    ['sshfs, which has the number of all FUSE', 0x65735546, 'fuse.sshfs', 'fuse.sshfs'],
    ['s3fs', 0x65735546, 'fuse.s3fs', 'fuse.s3fs'],
    ['rclone', 0x65735546, 'fuse.rclone', 'fuse.rclone'],
    ['davfs', 0x65735546, 'davfs', 'davfs'],
  ])('is shared over a network: %s', (_, magic, name, type) => {
    expect(networkTypeOf(magic, name)).toBe(type)
  })

  it.each([
    ['ext4', 0xef53, 'ext4'],
    ['tmpfs', 0x01021994, 'tmpfs'],
    ['btrfs', 0x9123683e, 'btrfs'],
    ['btrfs with a signed number', 0x9123683e | 0, 'btrfs'],
    ['xfs', 0x58465342, 'xfs'],
    ['zfs', 0x2fc12fc1, 'zfs'],
    ['overlay', 0x794c7630, 'overlay'],
    ['apfs on macOS', 26, null],
    ['an encrypted one in FUSE', 0x65735546, 'fuse.gocryptfs'],
    ['ntfs in FUSE', 0x65735546, 'fuseblk'],
    ['one whose name only begins alike', 0, 'nfsd2x'],
    ['FUSE without a name', 0x65735546, null],
  ])('is local: %s', (_, magic, name) => {
    expect(networkTypeOf(magic, name)).toBeNull()
  })
})

describe('the mount under a path', () => {
  const MOUNTS = [
    '22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw',
    '30 22 0:40 / /home rw,relatime shared:2 master:1 - nfs4 server:/home rw,vers=4.2',
    '31 30 0:41 / /home/ann/local rw - tmpfs tmpfs rw',
    '32 22 0:42 / /mnt/with\\040space rw - fuse.sshfs host:/x rw',
    '33 22 0:43 / /over rw - ext4 /dev/vdb rw',
    '34 33 0:44 / /over rw - cifs //server/x rw',
    '',
  ].join('\n')

  it.each([
    ['/', 'ext4'],
    ['/etc', 'ext4'],
    ['/home', 'nfs4'],
    ['/home/bob', 'nfs4'],
    ['/homework', 'ext4'],
    ['/home/ann/local', 'tmpfs'],
    ['/home/ann/local/state/x', 'tmpfs'],
    ['/home/ann/locally', 'nfs4'],
    ['/mnt/with space/x', 'fuse.sshfs'],
    ['/over/x', 'cifs'],
  ])('of %s is %s', (path, type) => {
    expect(mountTypeOf(path, MOUNTS)).toBe(type)
  })

  it('is not known without a list, or with a broken one', () => {
    expect(mountTypeOf('/x', '')).toBeNull()
    expect(mountTypeOf('/x', 'garbage\n - \n1 2 3')).toBeNull()
  })
})

describe('a reboot', () => {
  it.each([
    ['/home/ann/.local/state', 0xef53, null],
    ['/home/ann/.local/state', 0x01021994, 'is in memory (tmpfs)'],
    ['/tmp/locks', 0xef53, 'is below /tmp'],
    ['/tmpdir/locks', 0xef53, null],
  ])('empties %s (%d)', (path, magic, why) => {
    expect(emptiedAtBoot(path, magic)).toBe(why)
  })
})
