package mobileinpaint.core

import java.io.IOException

private const val INDEX = "bundle.json"
private const val AGAIN = "build it again after: mobile-inpaint bundle --app android"

/**
 * The artifact that `mobile-inpaint bundle` put into an app, checked.
 *
 * @param read the bytes of a file of the bundle's folder; throws [IOException] where there is none.
 * @throws ManifestError there is none, or it is damaged, or no app may carry it.
 */
fun bundledArtifact(read: (name: String) -> ByteArray): Artifact = try {
    val name = nameIn(String(read(INDEX)))
    Artifact.open(name, read(name), String(read("$name.json")))
} catch (_: IOException) {
    throw ManifestError("this app carries no network; $AGAIN")
}

private fun nameIn(index: String): String {
    val table = try {
        parseJson(index)
    } catch (_: IllegalArgumentException) {
        null
    }
    return (table as? Map<*, *>)?.get("artifact") as? String ?: throw ManifestError("$INDEX of this app names no artifact; $AGAIN")
}
