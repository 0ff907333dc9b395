import { useEffect, useRef, useState } from 'react'

export interface Recorder {
  readonly isSupported: boolean
  readonly isRecording: boolean
  readonly start: () => void
  readonly stop: () => void
}

export interface RecorderOptions {
  readonly onRecorded: (file: File) => void
  /** The microphone cannot be had; the text is for the person. */
  readonly onRefused: (text: string) => void
}

/** Records from the microphone into one file. What is being recorded when the component goes is kept too. */
export function useRecorder({ onRecorded, onRefused }: RecorderOptions): Recorder {
  const current = useRef<MediaRecorder>(undefined)
  const [isRecording, setRecording] = useState(false)
  useEffect(() => () => current.current?.stop(), [])
  const start = async (): Promise<void> => {
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: true })
      current.current = record(stream, (file) => {
        current.current = undefined
        setRecording(false)
        onRecorded(file)
      })
      setRecording(true)
    } catch (error) {
      onRefused(`The microphone cannot be used (${error instanceof Error ? error.name : String(error)}). A file can be chosen instead.`)
    }
  }
  return {
    isSupported: typeof MediaRecorder !== 'undefined' && navigator.mediaDevices !== undefined,
    isRecording,
    start: () => void start(),
    stop: () => current.current?.stop(),
  }
}

function record(stream: MediaStream, onFile: (file: File) => void): MediaRecorder {
  const parts: Blob[] = []
  const recorder = new MediaRecorder(stream)
  recorder.ondataavailable = ({ data }) => parts.push(data)
  recorder.onstop = () => {
    for (const track of stream.getTracks()) track.stop()
    const type = recorder.mimeType
    onFile(new File(parts, `voice note.${type.includes('mp4') ? 'm4a' : 'webm'}`, { type }))
  }
  recorder.start()
  return recorder
}
