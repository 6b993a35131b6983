package dev.zmalloc.jcache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.zmalloc.ZMalloc;
import dev.zmalloc.examples.JCacheProbe;
import dev.zmalloc.fixtures.ChildJvm;
import java.io.File;
import java.io.Serializable;
import java.lang.ref.WeakReference;
import java.net.URI;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Properties;
import javax.cache.Cache;
import javax.cache.CacheManager;
import javax.cache.configuration.MutableConfiguration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Where the provider is found, what is without it, and what is left when it has gone. */
@Tag("process")
class PresenceTest {
    private static ChildJvm child() {
        return ChildJvm.of(JCacheProbe.class).without("ehcache").without("caffeine");
    }

    /** Ours as a module, and JCache's API, if it is to be there, as an automatic one. */
    private static ChildJvm asModule(boolean withApi) {
        String api = Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> entry.contains("cache-api"))
                .findFirst()
                .orElseThrow();
        String classes =
                Path.of(System.getProperty("basedir", ""), "target", "classes").toString();
        return child().without("cache-api")
                .options("--module-path", withApi ? classes + File.pathSeparator + api : classes)
                .options("--add-modules", withApi ? "dev.zmalloc,cache.api" : "dev.zmalloc")
                .options("--enable-native-access=dev.zmalloc");
    }

    @Test
    void isFoundOnTheClassPath() throws Exception {
        assertIsFound(child().run());
    }

    @Test
    void isFoundOnTheModulePath() throws Exception {
        ChildJvm.Result result = asModule(true).run();
        assertIsFound(result);
        assertThat(result.value("module")).isEqualTo("true");
    }

    private static void assertIsFound(ChildJvm.Result result) {
        assertThat(result.exit()).as("%s", result).isZero();
        assertThat(result.value("jcache")).isEqualTo("value");
        assertThat(result.value("provider")).isEqualTo(OffHeapCachingProvider.class.getName());
        assertThat(result.value("used")).isEqualTo("0");
    }

    @Test
    void theRestWorksWithoutTheApi() throws Exception {
        assertWorksWithout(child().without("cache-api").run());
        assertWorksWithout(asModule(false).run());
    }

    private static void assertWorksWithout(ChildJvm.Result result) {
        assertThat(result.exit()).as("%s", result).isZero();
        assertThat(result.value("store")).isEqualTo("value");
        assertThat(result.value("missing")).startsWith("javax/cache/");
        assertThat(result.value("used")).isEqualTo("0");
    }

    /** A value whose class comes from a loader of its own. */
    public static final class Loaded implements Serializable {
        private static final long serialVersionUID = 1L;
    }

    @Test
    void valuesComeFromTheManagersLoaderWhichIsFreeOnceItsCachesAreClosed() throws Exception {
        long before = ZMalloc.zmallocUsedMemory();
        OffHeapCachingProvider provider = new OffHeapCachingProvider();
        WeakReference<ClassLoader> loader = cacheAndClose(provider);
        for (int time = 0; time < 50 && loader.get() != null; time++) {
            System.gc();
            Thread.sleep(20);
        }
        assertThat(loader.get()).isNull();
        assertThat(ZMalloc.zmallocUsedMemory()).isEqualTo(before);
        provider.close();
    }

    private static WeakReference<ClassLoader> cacheAndClose(OffHeapCachingProvider provider) throws Exception {
        URL classes = Loaded.class.getProtectionDomain().getCodeSource().getLocation();
        try (URLClassLoader loader = new URLClassLoader(new URL[] {classes}, ClassLoader.getPlatformClassLoader())) {
            Properties properties = new Properties();
            properties.setProperty("zmalloc.jcache.serialFilter", Loaded.class.getName());
            CacheManager manager = provider.getCacheManager(URI.create("leak"), loader, properties);
            assertThat(provider.getCacheManager(URI.create("leak"), loader)).isSameAs(manager);
            Cache<Object, Object> cache = manager.createCache("leak", new MutableConfiguration<>());
            Object value = loader.loadClass(Loaded.class.getName())
                    .getDeclaredConstructor()
                    .newInstance();
            cache.put("key", value);
            assertThat(cache.get("key")).isNotSameAs(value).isInstanceOf(value.getClass());
            provider.close();
            assertThat(manager.isClosed()).isTrue();
            assertThat(cache.isClosed()).isTrue();
            return new WeakReference<>(loader);
        }
    }
}
