export { handleBlobs as DELETE, handleBlobs as GET, handleBlobs as HEAD, handleBlobs as OPTIONS, handleBlobs as POST, handleBlobs as PUT } from '../../../next.ts'
