'use client'
export { App } from '../photos.js'
