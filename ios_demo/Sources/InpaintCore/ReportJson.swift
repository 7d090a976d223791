/// What stands in a report's JSON, in the order in which Python writes it.
protocol JsonWritable {
    var json: Json { get }
}

extension String: JsonWritable {
    var json: Json { .text(self) }
}

extension Int: JsonWritable {
    var json: Json { .whole(self) }
}

extension Double: JsonWritable {
    var json: Json { .number(self) }
}

extension Bool: JsonWritable {
    var json: Json { .bool(self) }
}

extension Optional: JsonWritable where Wrapped: JsonWritable {
    var json: Json { map(\.json) ?? .null }
}

extension Array: JsonWritable where Element: JsonWritable {
    var json: Json { .list(map(\.json)) }
}

extension Table: JsonWritable where Value: JsonWritable {
    var json: Json { .table(mapValues(\.json)) }
}

extension Subject: JsonWritable {
    var json: Json {
        .table([
            "name": name.json,
            "sha256": sha256.json,
            "bytes": bytes.json,
            "inputs": inputs.json,
            "network": network.json,
            "checkpoint": checkpoint.json,
            "precision": precision.json,
            "size_px": sizePx.json,
            "quality": quality.json,
            "timing_only": timingOnly.json,
        ])
    }
}

extension Machine: JsonWritable {
    var json: Json {
        .table([
            "device": device.json,
            "chip": chip.json,
            "cores": cores.json,
            "memory_mb": memoryMb.json,
            "os": os.json,
            "free_mb": freeMb.json,
            "emulated_by": emulatedBy.json,
        ])
    }
}

extension ColdStart: JsonWritable {
    var json: Json {
        .table([
            "load_ms": loadMs.json,
            "first_ms": firstMs.json,
            "peak_bytes": peakBytes.json,
            "retained_bytes": retainedBytes.json,
            "compile_ms": compileMs.json,
        ])
    }
}

extension Thermal: JsonWritable {
    var json: Json {
        .table([
            "before_c": beforeC.json,
            "after_c": afterC.json,
            "limit_c": limitC.json,
            "waited_s": waitedS.json,
            "state": state.json,
            "throttled": throttled.json,
        ])
    }
}

extension Agreement: JsonWritable {
    var json: Json {
        .table([
            "expected": expected.json,
            "psnr_db": psnrDb.json,
            "max_abs_error": maxAbsError.json,
            "required_db": requiredDb.json,
        ])
    }
}

extension Pipeline: JsonWritable {
    var json: Json {
        .table([
            "photo": photo.json,
            "pre_ms": preMs.json,
            "net_ms": netMs.json,
            "post_ms": postMs.json,
        ])
    }
}

extension Series: JsonWritable {
    var json: Json {
        .table([
            "runs": runs.json,
            "std_ms": stdMs.json,
            "min_ms": minMs.json,
            "max_ms": maxMs.json,
            "p50_ms": p50Ms.json,
            "p95_ms": p95Ms.json,
        ])
    }
}

extension LatencyReport: JsonWritable {
    var json: Json {
        .table([
            "subject": subject.json,
            "machine": machine.json,
            "runtime": runtime.json,
            "accelerator": accelerator.json,
            "computes_in": computesIn.json,
            "threads": threads.json,
            "timed": timed.json,
            "warmup_ms": warmupMs.json,
            "times_ms": timesMs.json,
            "cold_starts": coldStarts.json,
            "pipeline": pipeline.json,
            "in_turn_with": inTurnWith.json,
            "date": date.json,
            "load_average": loadAverage.json,
            "packages": packages.json,
            "commit": commit.json,
            "command": command.json,
            "warnings": warnings.json,
            "dispatch_ms": dispatchMs.json,
            "thermal": thermal.json,
            "energy_mj": energyMj.json,
            "placement": placement.json,
            "agreement": agreement.json,
            "series": series.json,
            "schema": schema.json,
        ])
    }
}

extension SliceQuality: JsonWritable {
    var json: Json {
        .table([
            "slice": slice.json,
            "crops": crops.json,
            "lpips": lpips.json,
            "lpips_rise": lpipsRise.json,
            "lpips_rise_interval": lpipsRiseInterval.json,
            "dists": dists.json,
            "dists_rise": distsRise.json,
            "lpips_to_fp32": lpipsToFp32.json,
            "psnr_to_fp32_db": psnrToFp32Db.json,
            "psnr_db": psnrDb.json,
            "seam_delta_e_rise": seamDeltaERise.json,
        ])
    }
}

extension Quality: JsonWritable {
    var json: Json {
        .table([
            "photos": photos.json,
            "yardsticks": yardsticks.json,
            "slices": slices.json,
            "max_rise_object": maxRiseObject.json,
            "max_rise_free": maxRiseFree.json,
        ])
    }
}
