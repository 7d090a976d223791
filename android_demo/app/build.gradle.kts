plugins {
    id("com.android.application")
    id("org.jetbrains.kotlin.android")
}

android {
    namespace = "mobileinpaint.app"
    compileSdk = 35

    defaultConfig {
        applicationId = "org.mobileinpaint.demo"
        minSdk = 24
        targetSdk = 35
        versionCode = 1
        versionName = "0.1.0"
        ndk { abiFilters += "arm64-v8a" }
    }

    flavorDimensions += "engine"
    productFlavors {
        create("ort") { dimension = "engine" }
        create("litert") { dimension = "engine" }
    }

    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_1_8
        targetCompatibility = JavaVersion.VERSION_1_8
    }
    kotlinOptions { jvmTarget = "1.8" }
    sourceSets["main"].java.srcDir("src/main/kotlin")
    for (engine in listOf("ort", "litert")) sourceSets.getByName(engine) { java.srcDir("src/$engine/kotlin") }
    androidResources { noCompress += listOf("onnx", "tflite") }
}

dependencies {
    implementation(project(":core"))
    "ortImplementation"("com.microsoft.onnxruntime:onnxruntime-android:1.23.2")
    "litertImplementation"("com.google.ai.edge.litert:litert:2.1.5")
}
