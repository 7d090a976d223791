package mobileinpaint.jvm

import java.io.File
import mobileinpaint.app.Engines
import mobileinpaint.core.Bench
import mobileinpaint.core.Machine
import mobileinpaint.core.Process
import mobileinpaint.core.bundledArtifact

/** The app's measurement on a computer: `BUNDLE ACCELERATOR REPORT`; the report is written as the bench mode does. */
object Time {
    private val silent = object : Process {
        override fun held() = null
        override fun peak() = null
        override fun temperature() = null
    }

    @JvmStatic
    fun main(arguments: Array<String>) {
        val (folder, accelerator, report) = arguments
        val artifact = bundledArtifact { File(folder, it).readBytes() }
        val machine = Machine("this-machine", "x86-64", Runtime.getRuntime().availableProcessors(), null, "a computer")
        val bench = Bench(artifact, machine, silent, "2026-11-21T00:00:00+00:00", "a test") {
            Engines.open(artifact, accelerator, threads = 1)
        }
        File(report).writeText(bench.run(threads = 1, warmup = 2, iterations = 5).toJson())
    }
}
