package dev.zmalloc.examples;

import dev.zmalloc.ZMalloc;
import jakarta.persistence.Cacheable;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import java.net.URI;
import java.util.Properties;
import javax.cache.CacheManager;
import javax.cache.Caching;
import org.h2.jdbcx.JdbcDataSource;
import org.hibernate.SessionFactory;
import org.hibernate.cache.jcache.ConfigSettings;
import org.hibernate.cfg.CacheSettings;
import org.hibernate.cfg.JdbcSettings;
import org.hibernate.jpa.HibernatePersistenceConfiguration;
import org.hibernate.stat.Statistics;
import org.hibernate.tool.schema.Action;

/** Hibernate's second-level cache in native memory: entities and answers of queries outlive their session. */
final class HibernateExample {
    private HibernateExample() {}

    @Entity(name = "Book")
    @Cacheable
    static class Book {
        @Id
        long id;

        String title;

        protected Book() {}

        Book(long id, String title) {
            this.id = id;
            this.title = title;
        }
    }

    /** Whoever closes the factory closes the caches too. */
    static SessionFactory open() {
        Properties properties = new Properties();
        properties.setProperty("zmalloc.jcache.maxMemory", "64mb"); // of each cache that is not named
        properties.setProperty("zmalloc.jcache." + Book.class.getName() + ".maxMemory", "256mb");
        // What Hibernate wraps keys and states in. Types of ids and attributes must be allowed too; the JDK's are.
        properties.setProperty("zmalloc.jcache.serialFilter", "org.hibernate.cache.**;org.hibernate.query.**");
        CacheManager manager = Caching.getCachingProvider("dev.zmalloc.jcache.OffHeapCachingProvider")
                .getCacheManager(URI.create("hibernate"), HibernateExample.class.getClassLoader(), properties);
        JdbcDataSource database = new JdbcDataSource();
        database.setURL("jdbc:h2:mem:library;DB_CLOSE_DELAY=-1"); // is there between connections
        return new HibernatePersistenceConfiguration("library")
                .managedClass(Book.class)
                .property(JdbcSettings.JAKARTA_NON_JTA_DATASOURCE, database)
                .schemaToolingAction(Action.CREATE_DROP)
                .collectStatistics(true)
                .property(CacheSettings.CACHE_REGION_FACTORY, "jcache")
                .property(CacheSettings.USE_QUERY_CACHE, true)
                .property(ConfigSettings.CACHE_MANAGER, manager)
                .property(ConfigSettings.MISSING_CACHE_STRATEGY, "create")
                .createEntityManagerFactory();
    }

    private static void show(SessionFactory sessions, String what) {
        String title = sessions.fromSession(session -> session.find(Book.class, 1L)).title;
        int found = sessions.fromSession(session -> session.createSelectionQuery("from Book where id < :id", Book.class)
                        .setParameter("id", 10L)
                        .setCacheable(true)
                        .getResultList())
                .size();
        Statistics statistics = sessions.getStatistics();
        System.out.println(what + ": " + title + ", " + found + " found; cached: "
                + statistics.getSecondLevelCacheHitCount() + " entity, "
                + statistics.getQueryCacheHitCount() + " answer; "
                + statistics.getPrepareStatementCount() + " statements");
        statistics.clear();
    }

    public static void main(String[] arguments) {
        try (SessionFactory sessions = open()) {
            sessions.inTransaction(session -> session.persist(new Book(1, "Emma")));
            sessions.getCache().evictAllRegions();
            sessions.getStatistics().clear();
            show(sessions, "first");
            show(sessions, "again");
            sessions.inTransaction(session -> session.find(Book.class, 1L).title = "Persuasion");
            sessions.getStatistics().clear();
            show(sessions, "changed");
        }
        System.out.println("used in the end: " + ZMalloc.zmallocUsedMemory());
    }
}
