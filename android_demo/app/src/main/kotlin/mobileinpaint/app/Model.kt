package mobileinpaint.app

import android.content.res.AssetManager
import mobileinpaint.core.Artifact
import mobileinpaint.core.ManifestError
import mobileinpaint.core.bundledArtifact

/**
 * The artifact that `mobile-inpaint bundle --app android` put into the app, checked.
 *
 * @throws ManifestError there is none, or it is damaged, or no app may carry it.
 */
fun bundledArtifact(assets: AssetManager): Artifact = bundledArtifact { name -> assets.open("model/$name").use { it.readBytes() } }
