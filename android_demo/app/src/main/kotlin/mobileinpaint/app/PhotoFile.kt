package mobileinpaint.app

import android.graphics.Bitmap
import android.graphics.BitmapFactory
import android.graphics.BitmapRegionDecoder
import android.graphics.Rect
import android.media.ExifInterface
import android.os.Build
import java.io.ByteArrayOutputStream
import java.io.File
import java.io.IOException
import mobileinpaint.core.Orientation
import mobileinpaint.core.Pixels
import mobileinpaint.core.carryMetadata
import mobileinpaint.core.shrinkToFit

/** Bytes that a pixel takes: the photo, the one before, the one being made, the mask thrice; and a quarter to spare. */
private const val BYTES_A_PIXEL = 16L
private const val ROWS_AT_ONCE = 256
private const val QUALITY = 95
private const val OREO = 26

/**
 * A photo's file, copied into this app's cache, and the photo in it.
 *
 * @property shrunkBy by which part each side is smaller than in the file, 1 where it is not.
 */
class PhotoFile private constructor(private val file: File, private val mime: String, val pixels: Pixels, val shrunkBy: Int) {
    /** `image/png` where the photo came as one, else `image/jpeg`. */
    val savedMime = if (mime == "image/png") mime else "image/jpeg"

    /** A name for what [encoded] gives. */
    val savedName = "inpainted.${if (savedMime == "image/png") "png" else "jpg"}"

    /** [photo], edited from this one, as a file: a PNG to the bit, a JPEG at quality 95 with the EXIF data it came with. */
    fun encoded(photo: Pixels): ByteArray {
        val bitmap = Bitmap.createBitmap(photo.width, photo.height, Bitmap.Config.ARGB_8888)
        try {
            val row = IntArray(photo.width)
            for (y in 0 until photo.height) {
                for (x in row.indices) row[x] = argb(photo.rgb, 3 * (y * photo.width + x))
                bitmap.setPixels(row, 0, photo.width, 0, y, photo.width, 1)
            }
            val out = ByteArrayOutputStream()
            if (savedMime == "image/png") {
                bitmap.compress(Bitmap.CompressFormat.PNG, 0, out)
                return out.toByteArray()
            }
            bitmap.compress(Bitmap.CompressFormat.JPEG, QUALITY, out)
            // Since Android 8 pixels are read in sRGB; before, in whatever profile the file names.
            return carryMetadata(file.readBytes(), out.toByteArray(), withProfile = Build.VERSION.SDK_INT < OREO)
        } finally {
            bitmap.recycle()
        }
    }

    companion object {
        /**
         * The photo in [file], upright, in sRGB, without transparency; smaller where this app has no memory for all of it. It is read in
         * stripes: never is there more than the photo itself and a few rows.
         *
         * @throws IOException it is no photo.
         */
        fun open(file: File): PhotoFile {
            val bounds = BitmapFactory.Options().apply { inJustDecodeBounds = true }
            BitmapFactory.decodeFile(file.path, bounds)
            if (bounds.outWidth <= 0 || bounds.outHeight <= 0) throw IOException("not a picture, or damaged")
            val by = shrinkToFit(bounds.outWidth, bounds.outHeight, Runtime.getRuntime().maxMemory() / BYTES_A_PIXEL)
            return PhotoFile(file, bounds.outMimeType ?: "", decoded(file, bounds.outWidth, bounds.outHeight, by), by)
        }

        private fun decoded(file: File, width: Int, height: Int, by: Int): Pixels {
            val orientation = orientationOf(file)
            val (columns, rows) = width / by to height / by
            if (columns == 0 || rows == 0) throw IOException("$width x $height pixels are too long and thin for this device")
            val rgb = ByteArray(3 * columns * rows)
            val decoder = BitmapRegionDecoder.newInstance(file.path, false) ?: throw IOException("not a format that can be edited")
            try {
                for (start in 0 until rows step ROWS_AT_ONCE) {
                    val stop = minOf(start + ROWS_AT_ONCE, rows)
                    val options = BitmapFactory.Options().apply { inSampleSize = by }
                    val stripe = decoder.decodeRegion(Rect(0, start * by, columns * by, stop * by), options)
                        ?: throw IOException("damaged from row ${start * by} on")
                    try {
                        place(stripe, start, minOf(stop - start, stripe.height), columns, rows, orientation, rgb)
                    } finally {
                        stripe.recycle()
                    }
                }
            } finally {
                decoder.recycle()
            }
            return if (orientation.isSideways) Pixels(rows, columns, rgb) else Pixels(columns, rows, rgb)
        }

        private fun place(stripe: Bitmap, from: Int, lines: Int, columns: Int, rows: Int, orientation: Orientation, rgb: ByteArray) {
            val row = IntArray(stripe.width)
            for (y in 0 until lines) {
                stripe.getPixels(row, 0, stripe.width, 0, y, stripe.width, 1)
                for (x in 0 until minOf(columns, stripe.width)) {
                    val at = 3 * orientation.place(x, from + y, columns, rows)
                    rgb[at] = (row[x] shr 16).toByte()
                    rgb[at + 1] = (row[x] shr 8).toByte()
                    rgb[at + 2] = row[x].toByte()
                }
            }
        }

        private fun orientationOf(file: File): Orientation = try {
            Orientation.of(ExifInterface(file.path).getAttributeInt(ExifInterface.TAG_ORIENTATION, 1))
        } catch (_: IOException) { // a format without EXIF lies upright
            Orientation.UPRIGHT
        }
    }
}

private fun argb(rgb: ByteArray, at: Int): Int =
    (0xFF shl 24) or (rgb[at].toInt() and 255 shl 16) or (rgb[at + 1].toInt() and 255 shl 8) or (rgb[at + 2].toInt() and 255)
