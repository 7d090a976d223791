package mobileinpaint.app

import android.content.ContentProvider
import android.content.ContentValues
import android.content.Context
import android.database.Cursor
import android.database.MatrixCursor
import android.net.Uri
import android.os.ParcelFileDescriptor
import android.provider.OpenableColumns
import java.io.File
import java.io.FileNotFoundException

private const val AUTHORITY = "org.mobileinpaint.demo.photos"

/** The photos that the user shares, readable by the app that they are shared with and by no other. */
class SharedPhotos : ContentProvider() {
    override fun onCreate() = true

    override fun getType(uri: Uri) = if (uri.path.orEmpty().endsWith(".png")) "image/png" else "image/jpeg"

    override fun openFile(uri: Uri, mode: String): ParcelFileDescriptor {
        if (mode != "r") throw FileNotFoundException("shared photos are for reading")
        return ParcelFileDescriptor.open(fileOf(uri), ParcelFileDescriptor.MODE_READ_ONLY)
    }

    override fun query(uri: Uri, projection: Array<String>?, selection: String?, arguments: Array<String>?, order: String?): Cursor {
        val file = fileOf(uri)
        val columns = projection ?: arrayOf(OpenableColumns.DISPLAY_NAME, OpenableColumns.SIZE)
        return MatrixCursor(columns).apply {
            addRow(columns.map { if (it == OpenableColumns.DISPLAY_NAME) file.name else if (it == OpenableColumns.SIZE) file.length() else null })
        }
    }

    override fun insert(uri: Uri, values: ContentValues?): Uri? = throw UnsupportedOperationException()

    override fun delete(uri: Uri, selection: String?, arguments: Array<String>?): Int =
        throw UnsupportedOperationException()

    override fun update(uri: Uri, values: ContentValues?, selection: String?, arguments: Array<String>?): Int =
        throw UnsupportedOperationException()

    private fun fileOf(uri: Uri): File {
        val name = uri.lastPathSegment ?: throw FileNotFoundException("$uri")
        return File(folder(checkNotNull(context)), File(name).name).takeIf { it.isFile } ?: throw FileNotFoundException("$uri")
    }

    companion object {
        private fun folder(context: Context) = File(context.cacheDir, "shared")

        /** The address of [bytes], kept as a file called [name] in place of what was shared before. */
        fun put(context: Context, name: String, bytes: ByteArray): Uri {
            val folder = folder(context)
            folder.deleteRecursively()
            folder.mkdirs()
            File(folder, name).writeBytes(bytes)
            return Uri.Builder().scheme("content").authority(AUTHORITY).appendPath(name).build()
        }
    }
}
