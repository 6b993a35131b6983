package dev.zmalloc.jcache;

import java.lang.management.ManagementFactory;
import java.util.regex.Pattern;
import javax.cache.Cache;
import javax.cache.CacheException;
import javax.cache.configuration.CompleteConfiguration;
import javax.cache.management.CacheMXBean;
import javax.management.InstanceNotFoundException;
import javax.management.JMException;
import javax.management.MBeanServer;
import javax.management.ObjectName;

/** The management beans of a cache, under the names that JCache gives them. */
final class CacheManagement {
    static final String CONFIGURATION = "CacheConfiguration";
    static final String STATISTICS = "CacheStatistics";

    private static final Pattern UNSAFE = Pattern.compile("[:=\n,]");

    private CacheManagement() {}

    /** Shows a configuration. */
    record ConfigurationBean(CompleteConfiguration<?, ?> configuration) implements CacheMXBean {
        @Override
        public String getKeyType() {
            return configuration.getKeyType().getName();
        }

        @Override
        public String getValueType() {
            return configuration.getValueType().getName();
        }

        @Override
        public boolean isReadThrough() {
            return configuration.isReadThrough();
        }

        @Override
        public boolean isWriteThrough() {
            return configuration.isWriteThrough();
        }

        @Override
        public boolean isStoreByValue() {
            return configuration.isStoreByValue();
        }

        @Override
        public boolean isStatisticsEnabled() {
            return configuration.isStatisticsEnabled();
        }

        @Override
        public boolean isManagementEnabled() {
            return configuration.isManagementEnabled();
        }
    }

    /** Shows a bean of a type, unless it is shown. */
    static void show(Cache<?, ?> cache, String type, Object bean) {
        try {
            MBeanServer server = ManagementFactory.getPlatformMBeanServer();
            ObjectName name = name(cache, type);
            if (!server.isRegistered(name)) {
                server.registerMBean(bean, name);
            }
        } catch (NoClassDefFoundError e) {
            throw new CacheException("management and statistics need the module java.management", e);
        } catch (JMException e) {
            throw new CacheException("the management bean of the cache " + cache.getName(), e);
        }
    }

    /** Shows the bean of a type no longer, if it is shown. */
    static void hide(Cache<?, ?> cache, String type) {
        MBeanServer server = ManagementFactory.getPlatformMBeanServer();
        try {
            ObjectName name = name(cache, type);
            if (server.isRegistered(name)) {
                server.unregisterMBean(name);
            }
        } catch (InstanceNotFoundException e) {
            // Somebody else has taken it out meanwhile.
        } catch (JMException e) {
            throw new CacheException("the management bean of the cache " + cache.getName(), e);
        }
    }

    private static ObjectName name(Cache<?, ?> cache, String type) throws JMException {
        return new ObjectName("javax.cache:type=" + type
                + ",CacheManager=" + safe(cache.getCacheManager().getURI().toString())
                + ",Cache=" + safe(cache.getName()));
    }

    private static String safe(String text) {
        return UNSAFE.matcher(text).replaceAll(".");
    }
}
