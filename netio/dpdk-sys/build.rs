//! Finds the installed DPDK, compiles the shim against it, and has the bindings written. With the feature off: nothing.

#[cfg(not(feature = "dpdk"))]
fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}

#[cfg(feature = "dpdk")]
fn main() {
    println!("cargo::rerun-if-changed=shim/shim.c");
    println!("cargo::rerun-if-changed=shim/shim.h");
    installed::main();
}

#[cfg(feature = "dpdk")]
mod installed {
    use std::env;
    use std::path::PathBuf;
    use std::process::{Command, exit};

    /// The oldest that the shim is written for.
    const VERSION_MIN: &str = "22.11";

    const FUNCTIONS: &[&str] = &[
        "rte_eal_init",
        "rte_eal_hotplug_add",
        "rte_eal_hotplug_remove",
        "rte_thread_register",
        "rte_thread_unregister",
        "rte_version",
        "rte_strerror",
        "rte_pktmbuf_pool_create",
        "rte_mempool_avail_count",
        "rte_mempool_free",
        "rte_ring_create",
        "rte_ring_free",
        "rte_eth_from_rings",
        "rte_eth_allmulticast_enable",
        "rte_eth_dev_adjust_nb_rx_tx_desc",
        "rte_eth_dev_close",
        "rte_eth_dev_configure",
        "rte_eth_dev_get_port_by_name",
        "rte_eth_dev_info_get",
        "rte_eth_stats_reset",
        "rte_eth_dev_set_mc_addr_list",
        "rte_eth_dev_socket_id",
        "rte_eth_dev_start",
        "rte_eth_dev_stop",
        "rte_eth_macaddr_get",
        "rte_eth_promiscuous_disable",
        "rte_eth_rx_queue_setup",
        "rte_eth_stats_get",
        "rte_eth_tx_queue_setup",
        "pinion_.*",
    ];

    /// Only ever held by pointer; their insides differ between versions.
    const OPAQUE: &[&str] = &["rte_mbuf", "rte_mempool", "rte_ring", "rte_device", "rte_eth_dev_.*_ops"];

    pub fn main() {
        let library = pkg_config::Config::new().atleast_version(VERSION_MIN).probe("libdpdk").unwrap_or_else(|error| {
            fail(&format!(
                "expected DPDK {VERSION_MIN} or later with its headers: {error}\n\
                 On Debian, as root: apt-get install libdpdk-dev libclang-dev pkg-config; or build without --features dpdk."
            ))
        });
        // Its driver libraries are loaded when it starts; this one has a function of its own, which we call.
        println!("cargo::rustc-link-lib=dylib=rte_net_ring");
        println!("cargo::metadata=version={}", library.version);

        let flags = compiler_flags();
        let mut shim = cc::Build::new();
        shim.file("shim/shim.c").warnings(true).opt_level(3);
        flags.iter().for_each(|flag| {
            shim.flag(flag);
        });
        shim.compile("pinion_dpdk_shim");

        let mut builder = bindgen::Builder::default()
            .header("shim/shim.h")
            .clang_args(&flags)
            .allowlist_type("pinion_.*")
            .generate_comments(false)
            .prepend_enum_name(false)
            .merge_extern_blocks(true)
            .derive_default(true)
            .layout_tests(true);
        for function in FUNCTIONS {
            builder = builder.allowlist_function(function);
        }
        for opaque in OPAQUE {
            builder = builder.opaque_type(opaque);
        }
        let bindings = builder.generate().unwrap_or_else(|error| {
            fail(&format!(
                "bindgen could not read DPDK's headers: {error}\nIt needs libclang: apt-get install libclang-dev."
            ))
        });
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR")).join("bindings.rs");
        bindings.write_to_file(&out).unwrap_or_else(|error| fail(&format!("{}: {error}", out.display())));
    }

    /// As pkg-config has them: the inline functions need the processor features that the library was built for, and the
    /// configuration header before all others.
    fn compiler_flags() -> Vec<String> {
        let output = Command::new(env::var_os("PKG_CONFIG").unwrap_or_else(|| "pkg-config".into()))
            .args(["--cflags", "libdpdk"])
            .output()
            .unwrap_or_else(|error| fail(&format!("pkg-config --cflags libdpdk: {error}")));
        String::from_utf8_lossy(&output.stdout).split_whitespace().map(str::to_owned).collect()
    }

    fn fail(message: &str) -> ! {
        eprintln!("dpdk-sys: {message}");
        exit(1);
    }
}
