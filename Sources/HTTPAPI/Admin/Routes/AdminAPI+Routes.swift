extension AdminAPI {
    static let routes: [AdminRoute] =
        principalRoutes + roleRoutes + assignmentRoutes + resourceRoutes + policyRoutes + tokenRoutes
        + revocationRoutes + warrantRoutes + statementRoutes + clusterRoutes + featureLevelRoutes + memberRoutes
        + auditRoutes + statusRoutes + checkRoutes + rolloutRoutes
}
