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
    val name = nameIn(textOf(INDEX, read(INDEX)))
    Artifact.open(name, read(name), textOf("$name.json", read("$name.json")))
} catch (_: IOException) {
    throw ManifestError("this app carries no network; $AGAIN")
}

private fun nameIn(index: String): String {
    val table = try {
        parseJson(index)
    } catch (_: IllegalArgumentException) {
        null
    }
    val name = (table as? Map<*, *>)?.get("artifact") ?: throw ManifestError("$INDEX of this app names no artifact; $AGAIN")
    if (name !is String || !isPlainName(name)) {
        throw ManifestError("$INDEX of this app: 'artifact' must be a file's name, not ${quote(name)}; $AGAIN")
    }
    return name
}

private fun textOf(name: String, bytes: ByteArray): String = try {
    bytes.decodeToString(throwOnInvalidSequence = true)
} catch (_: CharacterCodingException) {
    throw ManifestError("$name: cannot be read (not UTF-8); $AGAIN")
}
