package mobileinpaint.core

private const val MOST_FAULTS = 20

/** Turns a JSON value at [key] into a T; a wrong one is a line in [faults], and null. */
internal typealias Kind<T> = (value: Any?, key: String, faults: MutableList<String>) -> T?

/**
 * A record out of JSON: unknown keys, missing keys and wrong types are faults, named at once, up to twenty of them, in Python's words.
 *
 * @param table what [parseJson] read.
 * @param where the file's name, to open the message with.
 * @param error the exception to throw, of its message.
 */
internal fun <T> load(kind: Kind<T>, table: Any?, where: String, error: (String) -> InpaintError): T {
    val faults = mutableListOf<String>()
    val value = kind(table, "", faults)
    if (faults.isNotEmpty() || value == null) {
        val more = if (faults.size > MOST_FAULTS) listOf("and ${faults.size - MOST_FAULTS} more") else emptyList()
        throw error("$where: ${(faults.take(MOST_FAULTS) + more).joinToString("; ")}")
    }
    return value
}

/** A table whose schema is above [newest], as a number; null where it is not. */
internal fun newerSchema(table: Any?, newest: Int): String? {
    val schema = (table as? Map<*, *>)?.get("schema") as? Long
    return schema?.takeIf { it > newest }?.toString()
}

private fun wrong(faults: MutableList<String>, key: String, expected: String, value: Any?): Nothing? {
    faults += "${quote(key)} must be $expected, not ${quote(value)}"
    return null
}

internal val text: Kind<String> = { value, key, faults -> value as? String ?: wrong(faults, key, "text", value) }
internal val long: Kind<Long> = { value, key, faults -> value as? Long ?: wrong(faults, key, "a whole number", value) }
internal val whole: Kind<Int> = { value, key, faults ->
    (value as? Long)?.toInt()?.takeIf { it.toLong() == value } ?: wrong(faults, key, "a whole number", value)
}
internal val flag: Kind<Boolean> = { value, key, faults -> value as? Boolean ?: wrong(faults, key, "true or false", value) }
internal val number: Kind<Double> = { value, key, faults -> (value as? Number)?.toDouble() ?: wrong(faults, key, "a number", value) }

internal fun oneOf(vararg words: String): Kind<String> = { value, key, faults ->
    (value as? String)?.takeIf { it in words } ?: wrong(faults, key, "one of ${words.joinToString()}", value)
}

internal fun <T> orNull(kind: Kind<T>): Kind<T> = { value, key, faults -> value?.let { kind(it, key, faults) } }

internal fun <T : Any> manyOf(kind: Kind<T>): Kind<List<T>> = { value, key, faults ->
    if (value is List<*>) value.mapIndexedNotNull { i, item -> kind(item, "$key[$i]", faults) } else wrong(faults, key, "a list", value)
}

internal fun <T : Any> tableOf(kind: Kind<T>): Kind<Map<String, T>> = { value, key, faults ->
    if (value is Map<*, *>) {
        val table = LinkedHashMap<String, T>()
        for ((name, item) in value) kind(item, "$key.$name", faults)?.let { table[name as String] = it }
        table
    } else {
        wrong(faults, key, "a table", value)
    }
}

/** A record: [read] asks for its keys in their order, then calls [Keys.made]. */
internal fun <T : Any> record(read: Keys.() -> T?): Kind<T> = { value, key, faults ->
    if (value is Map<*, *>) Keys(value, key, faults).read() else wrong(faults, key.ifEmpty { "the file" }, "a table", value)
}

/** The keys of a table, asked for one by one. */
internal class Keys(private val table: Map<*, *>, key: String, private val faults: MutableList<String>) {
    private val prefix = if (key.isEmpty()) "" else "$key."
    private val before = faults.size
    private val known = mutableListOf<String>()

    /** What stands at a key; to be called within [made] alone. */
    class Value<T>(internal val orNull: T?) {
        @Suppress("UNCHECKED_CAST") // null only where T allows it, or where there are faults and nobody calls
        operator fun invoke(): T = orNull as T
    }

    fun <T : Any> required(name: String, kind: Kind<T>): Value<T> = at(name, kind) ?: missing(name)

    fun <T : Any> requiredOrNull(name: String, kind: Kind<T>): Value<T?> = Value((at(name, orNull(kind)) ?: missing(name)).orNull)

    fun <T : Any> optional(name: String, default: T, kind: Kind<T>): Value<T> = at(name, kind) ?: Value(default)

    fun <T : Any> optionalOrNull(name: String, kind: Kind<T>): Value<T?> = Value(at(name, orNull(kind))?.orNull)

    /** The record, or null where there were faults. */
    fun <T> made(build: () -> T): T? {
        val strange = table.keys.filter { it !in known }.map { "unknown key ${quote("$prefix$it")} (there are ${known.joinToString()})" }
        faults.addAll(before, strange)
        return if (faults.size == before) build() else null
    }

    private fun <T : Any> at(name: String, kind: Kind<T>): Value<T>? {
        known += name
        return if (name in table) Value(kind(table[name], prefix + name, faults)) else null
    }

    private fun <T : Any> missing(name: String): Value<T> {
        faults += "key ${quote("$prefix$name")} is missing"
        return Value(null)
    }
}
