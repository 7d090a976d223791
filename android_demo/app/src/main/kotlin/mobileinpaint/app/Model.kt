package mobileinpaint.app

import android.content.res.AssetManager
import java.io.IOException
import mobileinpaint.core.Artifact
import mobileinpaint.core.ManifestError
import org.json.JSONException
import org.json.JSONObject

private const val FOLDER = "model"

/**
 * The artifact that `mobile-inpaint bundle --app android` put into the app, checked.
 *
 * @throws ManifestError there is none, or it is damaged, or no app may carry it.
 */
fun bundledArtifact(assets: AssetManager): Artifact {
    fun read(name: String) = assets.open("$FOLDER/$name").use { it.readBytes() }
    try {
        val name = JSONObject(String(read("bundle.json"))).getString("artifact")
        return Artifact.open(name, read(name), String(read("$name.json")))
    } catch (_: IOException) {
        throw ManifestError("this app carries no network; build it again after: mobile-inpaint bundle --app android")
    } catch (_: JSONException) {
        throw ManifestError("bundle.json: not JSON; run again: mobile-inpaint bundle --app android")
    }
}
