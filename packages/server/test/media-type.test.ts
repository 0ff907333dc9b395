import { describe, expect, it } from 'vitest'
import { hashOf, put, testServer } from './support/test-server.ts'

const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value)
const bytes = (...parts: (string | number[])[]): Uint8Array<ArrayBuffer> => new Uint8Array(parts.flatMap((part) => (typeof part === 'string' ? [...text(part)] : part)))
const PNG = bytes([0x89], 'PNG\r\n', [0x1a], '\n', [0, 0, 0, 13], 'IHDR', [0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0, 0x1f, 0x15, 0xc4, 0x89, 0, 0, 0, 0], 'IDAT', [0, 0, 0, 0, 0, 0, 0, 0], 'IEND')
const SCRIPT = '<script>document.title="run"</script>'

// F-68 F-69: what is in the bytes decides, never what the uploader calls it.
const samples: readonly (readonly [what: string, content: Uint8Array<ArrayBuffer>, type: string, attachment: boolean])[] = [
  ['a PNG', PNG, 'image/png', false],
  ['a JPEG', bytes([0xff, 0xd8, 0xff, 0xe0, 0, 16], 'JFIF', [0, 1, 1, 0, 0, 1, 0, 1, 0, 0, 0xff, 0xd9]), 'image/jpeg', false],
  ['a GIF', bytes('GIF89a', [1, 0, 1, 0, 0, 0, 0, 0x3b]), 'image/gif', false],
  ['a WebP', bytes('RIFF', [26, 0, 0, 0], 'WEBPVP8L', [13, 0, 0, 0, 0x2f, 0, 0, 0, 0x10, 7, 0x10, 0x11, 0x11, 0x88, 0x88, 0xfe, 7, 0]), 'image/webp', false],
  ['a FLAC', bytes('fLaC', [0, 0, 0, 34], 'x'.repeat(34)), 'audio/flac', false],
  ['an MP4', bytes([0, 0, 0, 24], 'ftypisom', [0, 0, 2, 0], 'isomiso2', [0, 0, 0, 8], 'free'), 'video/mp4', false],
  ['HTML', text(`<!doctype html><html><body>${SCRIPT}</body></html>`), 'application/octet-stream', true],
  ['an SVG with a script', text(`<svg xmlns="http://www.w3.org/2000/svg">${SCRIPT}</svg>`), 'application/octet-stream', true],
  ['XML', text(`<?xml version="1.0"?><x>${SCRIPT}</x>`), 'application/octet-stream', true],
  ['a PDF', text('%PDF-1.7\n1 0 obj\n<<>>\nendobj\n'), 'application/octet-stream', true],
  ['a ZIP', bytes('PK', [3, 4, 20, 0, 0, 0, 0, 0], 'x'.repeat(30)), 'application/octet-stream', true],
  ['a script', text('alert(1)'), 'application/octet-stream', true],
  ['a GIF header before a script', text('GIF89a=1;alert(1)//'), 'image/gif', false],
  ['nothing', new Uint8Array(), 'application/octet-stream', true],
]

describe('what a browser is told about a blob', () => {
  it.each(samples)('calls %s by its own content', async (_, content, type, attachment) => {
    const server = await testServer()
    const hash = await hashOf(content)
    await put(server, hash, content, { 'content-type': 'image/jpeg' })
    for (const method of ['GET', 'HEAD']) {
      const response = await fetch(`${server.url}/blobs/${hash}`, { method })
      expect([response.headers.get('content-type'), response.headers.get('content-disposition')]).toEqual([type, attachment ? 'attachment' : null])
    }
  })

  it('forbids scripts, guessing and embedding on every answer', async () => {
    // F-69
    const server = await testServer()
    const hash = await hashOf(PNG)
    await put(server, hash, PNG)
    const paths = [`/blobs/${hash}`, '/blobs', '/blobs/nonsense', `/blobs/${hash.replace(/.$/, '0')}`, '/blobs?limit=x']
    for (const path of paths) {
      const response = await fetch(`${server.url}${path}`)
      expect(Object.fromEntries(response.headers)).toMatchObject({
        'content-security-policy': "default-src 'none'; sandbox", 'cross-origin-resource-policy': 'same-origin', 'x-content-type-options': 'nosniff',
      })
      expect(response.headers.has('set-cookie')).toBe(false)
    }
  })
})
