/** The tables of the family photos, as far as this device looks at them. Columns that it does not name stay as others wrote them. */
export const schema = {
  albums: { id: 'uuid', title: 'string', createdAt: 'datetime' },
  photos: {
    id: 'uuid',
    albumId: { type: 'ref', table: 'albums' },
    caption: { type: 'string', default: '' },
    takenAt: 'datetime',
    image: { type: 'blob', mimeTypes: ['image/*'], maxSize: '25MB' },
  },
} as const
