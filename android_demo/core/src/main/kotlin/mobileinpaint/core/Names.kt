package mobileinpaint.core

private const val LONGEST_NAME = 255
private val DRIVE = Regex("[A-Za-z]:.*", RegexOption.DOT_MATCHES_ALL)

/**
 * Whether [name] names a file inside any folder, on every system: no path, no drive, not `.` or `..`.
 *
 * The rule is that of `mobile_inpaint/files.py`; everything that reads a file's name out of JSON asks this before it uses the name.
 */
internal fun isPlainName(name: String): Boolean = name !in setOf("", ".", "..") && name.none { it == '/' || it == '\\' } &&
    !DRIVE.matches(name) && name.codePoints().allMatch(::isPrintable) && name.toByteArray().size <= LONGEST_NAME
