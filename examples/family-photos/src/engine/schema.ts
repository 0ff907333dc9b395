/** What is synced. `image` and `audio` are files of the person, and columns like any other. */
export const schema = {
  albums: { id: 'uuid', title: 'string', createdAt: 'datetime' },
  photos: {
    id: 'uuid',
    albumId: { type: 'ref', table: 'albums' },
    caption: { type: 'string', default: '' },
    takenAt: 'datetime',
    width: { type: 'integer', optional: true },
    height: { type: 'integer', optional: true },
    image: { type: 'blob', mimeTypes: ['image/*'], maxSize: '25MB' },
    audio: { type: 'blob', mimeTypes: ['audio/*'], maxSize: '10MB', optional: true },
  },
} as const
