/** What the type library of a page does not know: sync access handles exist in workers only. */
export interface SyncAccessHandle {
  write(bytes: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number
  flush(): void
  close(): void
}

/** Members that not every browser has. */
export interface FileHandle extends Omit<FileSystemFileHandle, 'createWritable'> {
  createSyncAccessHandle?(): Promise<SyncAccessHandle>
  createWritable?(): Promise<FileSystemWritableFileStream>
  /** Within the origin's file system. Replaces silently, and kills every `File` taken before from either name. */
  move?(folder: FileSystemDirectoryHandle, name: string): Promise<void>
}
